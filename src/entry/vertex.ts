export { connect } from '../room/vertex.ts';
