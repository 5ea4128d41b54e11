import { AppError } from '@wcr/shared/errors/app-error';
import { describe, expect, it } from 'vitest';
import { createRewriter } from './rewriter.ts';
import type { PathMapping, UrlMapping } from './rewriter.types.ts';

function replaced(text: string, urls: readonly UrlMapping[], paths: readonly PathMapping[] = []): string {
  return createRewriter({ urls, paths }).rewrite(Buffer.from(text)).bytes.toString();
}

describe('a source in a sub-directory', () => {
  const urls = [{ from: 'https://host.example/blog', to: 'https://clones.example/c1' }];

  it('is replaced with everything below it', () => {
    expect(replaced('https://host.example/blog https://host.example/blog/a?b //host.example/blog#x', urls)).toBe(
      'https://clones.example/c1 https://clones.example/c1/a?b //clones.example/c1#x',
    );
    expect(replaced(String.raw`"https:\/\/host.example\/blog\/a" https%3A%2F%2Fhost.example%2Fblog%2Fa`, urls)).toBe(
      String.raw`"https:\/\/clones.example\/c1\/a" https%3A%2F%2Fclones.example%2Fc1%2Fa`,
    );
  });

  it.each([
    'https://host.example/blogger https://host.example/blog-2 https://host.example/blog_x https://host.example/blog.html',
    'https://host.example/ https://host.example https://host.example/Blog https://host.example/a/blog',
    'https%3A%2F%2Fhost.example%2Fblogger https%3A%2F%2Fhost.example%2Fblog%2Dx https://host.example/blog:8080',
    String.raw`https:\/\/host.example\/blogger https:\/\/host.example:8080\/blog`,
  ])('leaves its neighbours: %s', (text) => {
    expect(replaced(text, urls)).toBe(text);
  });

  it('ends where prose goes on', () => {
    expect(replaced('See https://host.example/blog. Or (https://host.example/blog)', urls)).toBe(
      'See https://clones.example/c1. Or (https://clones.example/c1)',
    );
    expect(replaced('u=https%3A%2F%2Fhost.example%2Fblog%20and', urls)).toBe('u=https%3A%2F%2Fclones.example%2Fc1%20and');
  });
});

describe('ports', () => {
  it('of the source belong to its origin', () => {
    const urls = [{ from: 'http://127.0.0.1:9001', to: 'http://127.0.0.1:8081/clone-1' }];
    expect(replaced('http://127.0.0.1:9001/ //127.0.0.1:9001 https%3A%2F%2F127.0.0.1%3A9001%2Fx', urls)).toBe(
      'http://127.0.0.1:8081/clone-1/ //127.0.0.1:8081/clone-1 http%3A%2F%2F127.0.0.1%3A8081%2Fclone-1%2Fx',
    );
    const others = 'http://127.0.0.1/ http://127.0.0.1:9002 http://127.0.0.1:90010 127.0.0.1:9001';
    expect(replaced(others, urls)).toBe(others);
  });

  it('may be written out in the map when they are the default', () => {
    expect(replaced('https://a.example/x', [{ from: 'https://a.example:443/', to: 'http://b.example:80/' }])).toBe(
      'http://b.example/x',
    );
  });
});

describe('several addresses', () => {
  it('match the longest path first, whatever their order', () => {
    const urls = [
      { from: 'https://a.example', to: 'https://b.example/root' },
      { from: 'https://a.example/wp', to: 'https://b.example/core' },
      { from: 'https://www.a.example', to: 'https://b.example/root' },
    ];
    expect(replaced('//a.example/wp/x //a.example/wpx //www.a.example/', urls)).toBe(
      '//b.example/core/x //b.example/root/wpx //b.example/root/',
    );
  });

  it('are replaced once, also by an address that contains the search', () => {
    const urls = [
      { from: 'https://a.example', to: 'https://a.example/staging' },
      { from: 'https://b.example', to: 'https://a.example' },
    ];
    expect(replaced('https://a.example/x https://b.example/y', urls)).toBe('https://a.example/staging/x https://a.example/y');
  });
});

describe('host names', () => {
  it('are found in Unicode and punycode, also with the hyphens of block attributes', () => {
    const urls = [{ from: 'https://münchen.example', to: 'https://b.example' }];
    expect(replaced('https://münchen.example/ https://xn--mnchen-3ya.example/', urls)).toBe(
      'https://b.example/ https://b.example/',
    );
    expect(replaced(String.raw`{"u":"https://xn\u002d\u002dmnchen-3ya.example/"}`, urls)).toBe('{"u":"https://b.example/"}');
  });

  it('may be IPv6 addresses', () => {
    expect(replaced('http://[::1]:9001/x http://[::1]/', [{ from: 'http://[::1]:9001', to: 'http://[::1]:80' }])).toBe(
      'http://[::1]/x http://[::1]/',
    );
  });
});

describe('paths on disk', () => {
  const paths = [
    { from: '/srv/www/site', to: '/srv/clones/c1' },
    { from: '/srv/www/site/content/', to: '/srv/clones/c1/wp-content/' },
  ];

  it('are replaced in plain, JSON-escaped and serialized forms', () => {
    expect(replaced('ABSPATH=/srv/www/site/;"/srv/www/site" (/srv/www/site/content/x):/srv/www/site', [], paths)).toBe(
      'ABSPATH=/srv/clones/c1/;"/srv/clones/c1" (/srv/clones/c1/wp-content/x):/srv/clones/c1',
    );
    expect(replaced(String.raw`{"p":"\/srv\/www\/site\/a","q":"\\\/srv\\\/www\\\/site"}`, [], paths)).toBe(
      String.raw`{"p":"\/srv\/clones\/c1\/a","q":"\\\/srv\\\/clones\\\/c1"}`,
    );
    expect(replaced('s:15:"/srv/www/site/a";', [], paths)).toBe('s:16:"/srv/clones/c1/a";');
    expect(replaced('%2Fsrv%2Fwww%2Fsite%2Fa', [], paths)).toBe('%2Fsrv%2Fclones%2Fc1%2Fa');
    expect(replaced(String.raw`line\n/srv/www/site`, [], paths)).toBe(String.raw`line\n/srv/clones/c1`);
  });

  it.each([
    '/srv/www/site2 /srv/www/site-old /srv/www/site.bak /SRV/www/site',
    '/mnt/srv/www/site ./srv/www/site https://host.example/srv/www/site //srv/www/site',
    String.raw`\/srv/www\/site`,
  ])('must be whole: %s', (text) => {
    expect(replaced(text, [], paths)).toBe(text);
  });

  it('cannot be the root of the disk', () => {
    expect(replaced('/ /etc', [], [{ from: '/', to: '/srv/x' }])).toBe('/ /etc');
  });
});

describe('the rewriter', () => {
  const { rewrite, mayContain, inverse } = createRewriter({
    urls: [
      { from: 'https://a.example', to: 'https://c.example/1' },
      { from: 'https://www.a.example', to: 'https://c.example/1/' },
    ],
    paths: [{ from: '/srv/a', to: '/srv/c' }],
  });

  it('gives back the same buffer when nothing is replaced', () => {
    const bytes = Buffer.from('a.example, but not its address');
    expect(mayContain(bytes)).toBe(true);
    expect(rewrite(bytes).bytes).toBe(bytes);
    const other = Buffer.from('nothing of interest');
    expect(mayContain(other)).toBe(false);
    expect(rewrite(other).bytes).toBe(other);
  });

  it('counts addresses and paths, not lengths', () => {
    expect(rewrite(Buffer.from('s:35:"//a.example /srv/a //www.a.example/";')).replacements).toBe(3);
  });

  it('keeps bytes that are not UTF-8', () => {
    const before = Buffer.concat([Buffer.from([0xff, 0x00, 0xc3]), Buffer.from('//a.example'), Buffer.from([0x80, 0xfe])]);
    const after = Buffer.concat([Buffer.from([0xff, 0x00, 0xc3]), Buffer.from('//c.example/1'), Buffer.from([0x80, 0xfe])]);
    expect(rewrite(before).bytes).toEqual(after);
  });

  it('finds what lies across the chunks of its prefilter', () => {
    for (let padding = 65_500; padding < 65_545; padding += 1) {
      expect(mayContain(Buffer.from(`${' '.repeat(padding)}//a.example`))).toBe(true);
    }
  });

  it('inverts to the first of the addresses that became one', () => {
    expect(inverse).toEqual({
      urls: [{ from: 'https://c.example/1', to: 'https://a.example' }],
      paths: [{ from: '/srv/c', to: '/srv/a' }],
    });
  });

  it.each([
    '',
    'a.example',
    'ftp://a.example',
    'https://',
    'https://a b.example',
    'https://user@a.example',
    'https://a.example/?x',
  ])('refuses a map with the address "%s"', (from) => {
    expect(() => createRewriter({ urls: [{ from, to: 'https://b.example' }], paths: [] })).toThrow(AppError);
  });

  it('leaves base64 that it could not restore', () => {
    const text = `[vc_raw_html]${Buffer.from('https://a.example').toString('base64url')}x[/vc_raw_html]`;
    expect(rewrite(Buffer.from(text)).bytes.toString()).toBe(text);
  });
});
