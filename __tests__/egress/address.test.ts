import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isPublic } from '../../src/egress/address.ts';

test.each([
  '127.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.100.100.200',
  '192.0.0.192',
  '168.63.129.16',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '::127.0.0.1',
  '::ffff:0:127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::a00:1',
  'fe80::1',
  'fe80::1%eth0',
  'fc00::1',
  'fd00:ec2::254',
  'ff02::1',
  '2002:7f00:1::',
  '2001:0:53aa:64c::1',
  '2001:db8::1',
  'localhost',
  '1.2.3',
  '0x7f.0.0.1',
  '',
])('%j is not on the public internet', (address) => {
  expect(isPublic(address)).toBe(false);
});

test.each(['8.8.8.8', '104.16.0.35', '172.32.0.1', '100.128.0.1', '2606:4700::6810:23', '2a04:4e42::223'])(
  '%s is on the public internet',
  (address) => {
    expect(isPublic(address)).toBe(true);
  },
);

test('no IPv4 address is public by being written as an IPv6 address', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      for (const prefix of ['::ffff:', '::', '::ffff:0:', '64:ff9b::'])
        expect(isPublic(prefix + address)).toBe(false);
    }),
  );
});
