import { BlockList, isIPv4, isIPv6 } from 'node:net';

/**
 * What is not the public internet: this machine, private and shared networks, link-local addresses (where
 * clouds have their metadata and credentials), documentation, multicast. From the IANA registries of special
 * addresses: https://www.iana.org/assignments/iana-ipv4-special-registry.
 */
const special = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  // Azure's own services for a machine, behind an address that looks public; GitHub's runners are there.
  ['168.63.129.16', 32],
] as const)
  special.addSubnet(network, prefix, 'ipv4');
// Within 2000::/3: Teredo, ORCHIDs and others of their kind, documentation, and 6to4, which holds an IPv4 address.
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  special.addSubnet(network, prefix, 'ipv6');

/** All of IPv6 that is given out for public use; mapped and translated IPv4 addresses lie outside. */
const global = new BlockList();
global.addSubnet('2000::', 3, 'ipv6');

/** True for an address on the public internet; false for any other, and for what is no address. */
export function isPublic(address: string): boolean {
  if (isIPv4(address)) return !special.check(address, 'ipv4');
  return isIPv6(address) && global.check(address, 'ipv6') && !special.check(address, 'ipv6');
}
