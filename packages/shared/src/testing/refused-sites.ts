/** An address that no job may reach, as somebody might write it. */
export type RefusedSite = {
  readonly what: string;
  /** `{port}` stands for the port where a test listens. */
  readonly url: string;
  /** Where a DNS says the name leads to; without it the address shows by itself that it is refused. */
  readonly leadsTo?: readonly string[];
  /** Refused as an address that cannot be used at all, whatever is there. */
  readonly isUnusable?: boolean;
};

const at = (what: string, ...hosts: readonly string[]): RefusedSite[] =>
  hosts.map((host) => ({ what, url: `http://${host}:{port}/` }));

const names = (what: string, host: string, ...leadsTo: readonly string[]): RefusedSite => ({
  ...{ what, leadsTo },
  url: `http://${host}:{port}/`,
});

const unusable = (what: string, ...urls: readonly string[]): RefusedSite[] =>
  urls.map((url) => ({ what, url, isUnusable: true }));

/** What every way in is tried with: hosts, encodings of them, names, ports and schemes. */
export const REFUSED_SITES: readonly RefusedSite[] = [
  ...at('loopback', '127.0.0.1', '127.255.255.254', '[::1]', '[0:0:0:0:0:0:0:1]'),
  ...at('IPv4 in decimal, octal, hex, short and mixed', '2130706433', '017700000001', '0x7f000001', '127.1', '127.0.1'),
  ...at('IPv4 in decimal, octal, hex, short and mixed', '0177.0.0.1', '0x7f.0.0.1', '0x7f.0.0.01', '0300.0250.1', '0xa9fea9fe'),
  ...at('unspecified', '0.0.0.0', '0', '[::]'),
  ...at('private', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1', '[fd00::1]', '[fc00::1]', '[fec0::1]'),
  ...at('link-local', '169.254.1.1', '[fe80::1]', '[febf::1]'),
  ...at(
    'shared, protocol, benchmarks, documentation',
    '100.64.0.1',
    '100.127.255.255',
    '192.0.0.1',
    '198.18.0.1',
    '198.19.255.255',
  ),
  ...at(
    'shared, protocol, benchmarks, documentation',
    '192.0.2.1',
    '198.51.100.1',
    '203.0.113.1',
    '192.88.99.1',
    '[2001:db8::1]',
  ),
  ...at('multicast, reserved, broadcast', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', '[ff02::1]'),
  ...at('IPv4 in IPv6: mapped', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::ffff:10.0.0.1]', '[::ffff:169.254.169.254]'),
  ...at('IPv4 in IPv6: compatible, translated', '[::127.0.0.1]', '[::7f00:1]', '[::ffff:0:127.0.0.1]'),
  ...at(
    'IPv4 in IPv6: NAT64, 6to4, Teredo',
    '[64:ff9b::127.0.0.1]',
    '[64:ff9b:1::a00:1]',
    '[2002:7f00:1::]',
    '[2001:0:7f00:1::1]',
  ),
  ...at('no public network', '[100::1]', '[3fff::1]', '[5f00::1]', '[4000::1]'),
  ...at('metadata of AWS', '169.254.169.254', '[fd00:ec2::254]', '169.254.170.2', 'instance-data.ec2.internal'),
  ...at('metadata of Google', 'metadata.google.internal', 'metadata', '[fd20:ce::254]'),
  ...at('metadata of Azure, Alibaba, Oracle', '168.63.129.16', '100.100.100.200', '192.0.0.192'),
  ...at('Kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local', 'redis', 'redis.'),
  ...at('localhost', 'localhost', 'LOCALHOST', 'localhost.', 'www.localhost', 'localhost.localdomain', 'printer.local'),
  ...at('dots at the end', '127.0.0.1.', 'kubernetes.default.svc.'),
  ...at('IDNA', '１２７。０。０。１', '①②⑦.0.0.1', 'ⓛocalhost', '127。0。0。1', 'ｌｏｃａｌｈｏｓｔ'),
  ...at('percent', '%31%32%37.0.0.1', 'loc%61lhost', '127%2e0%2e0%2e1'),
  { what: 'backslashes', url: 'http:\\\\127.0.0.1:{port}\\' },
  { what: 'backslashes', url: 'http://localhost:{port}\\@shop.example/' },
  { what: 'white space', url: ' \thttp://127.0.0.1:{port}/ ' },
  { what: 'white space', url: 'http://127.0.\n0.1:{port}/' },
  { what: 'https', url: 'https://127.0.0.1:{port}/' },
  ...[22, 25, 6379, 11211].map((port) => ({ what: 'a port of something else', url: `http://shop.example:${port}/` })),
  names('a private address behind a public name', 'intern.example', '10.0.0.9'),
  names('loopback behind a public name', 'rebound.example', '127.0.0.1'),
  names('loopback behind a public name', 'rebound6.example', '::1'),
  names('link-local with its zone', 'zone.example', 'fe80::1%lo'),
  names('a public and a private record', 'mixed.example', '93.184.216.34', '127.0.0.1'),
  names('a public and a private record', 'mixed6.example', '2606:2800:220:1::1', '::ffff:127.0.0.1'),
  names(
    'many records, one of them private',
    'many.example',
    ...Array.from({ length: 40 }, (_, n) => `93.184.216.${n}`),
    '10.1.1.1',
  ),
  names('what is no address', 'odd.example', 'localhost'),
  ...unusable('a login in the address', 'http://shop.example@127.0.0.1:{port}/', 'http://a:b@127.0.0.1:{port}/'),
  ...unusable('a login in the address', 'http://1.1.1.1 &@127.0.0.1:{port}# @shop.example/'),
  ...unusable('another scheme', 'file://127.0.0.1/etc/passwd', 'ftp://127.0.0.1:{port}/', 'gopher://127.0.0.1:{port}/_x'),
  ...unusable('another scheme', 'ws://127.0.0.1:{port}/', 'dict://127.0.0.1:{port}/', 'ldap://127.0.0.1:{port}/'),
  ...unusable('no address', 'http://256.0.0.1:{port}/', 'http://[fe80::1%25lo]:{port}/', 'http://127.0.0.1:99999/', 'http://'),
];
