import fc from 'fast-check';

/**
 * How often a property is tried. Few times in `npm test`, where every run tries other values; `npm run test:all`
 * asks for more by the environment.
 */
const runs = Number(process.env.COUNTERSIGN_PROPERTY_RUNS || 25);

fc.configureGlobal({ numRuns: runs });

/**
 * For a property whose one run costs next to nothing and that has much to find, or one whose run is dear: so many
 * times as often as others.
 */
export const times = (factor: number) => ({ numRuns: Math.ceil(runs * factor) });
