export { connect } from '../room/foundry.ts';
