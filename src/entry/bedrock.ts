export { connect } from '../room/bedrock.ts';
