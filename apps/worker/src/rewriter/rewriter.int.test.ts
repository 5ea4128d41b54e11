import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createRewriter } from './rewriter.ts';

const SITE = 'https://gazette.example';
const CLONE = 'http://127.0.0.1:8081/clone-7';
const { rewrite, inverse } = createRewriter({ urls: [{ from: SITE, to: CLONE }], paths: [] });
const back = createRewriter(inverse);

/**
 * Makes values with PHP's own serialize() and json_encode(): for each seed the same value twice, once with the address
 * of the site and once with the clone's. Prints base64 of both, one pair a line.
 */
const GENERATOR = String.raw`
class Card implements JsonSerializable {
	public $open; protected $kept; private $own; public $again;
	public function __construct( $a, $b ) { $this->open = $a; $this->kept = $b; $this->own = $a; $this->again = $this; }
	#[ReturnTypeWillChange] public function jsonSerialize() { return array( 'card' => $this->open ); }
}
class Packed implements Serializable {
	public $data;
	public function serialize() { return serialize( $this->data ); }
	public function unserialize( $data ) { $this->data = unserialize( $data ); }
	public function __construct( $data ) { $this->data = $data; }
}
function text( $url ) {
	$parts = array( 'Grüße ', "line\nbreak \"quoted\" ", '日本語 ', '\\ back ', '";s:1:"', "\xff\x00 ", '<b>&amp;</b> ' );
	return $parts[ mt_rand( 0, 6 ) ] . $url . array( '', '/', '/a?b=1&c', ' ', '"', '.' )[ mt_rand( 0, 5 ) ];
}
function value( $url, $depth ) {
	switch ( mt_rand( 0, $depth > 0 ? 11 : 2 ) ) {
		case 0: case 1: return text( $url );
		case 2: return array( 1.5, null, true, -7, text( $url ), PHP_INT_MAX, 'plain' );
		case 3: return array( 'key' => value( $url, $depth - 1 ), 5 => value( $url, $depth - 1 ) );
		case 4: return (object) array( 'url' => value( $url, $depth - 1 ) );
		case 5: return new Card( value( $url, $depth - 1 ), text( $url ) );
		case 6: return new Packed( value( $url, $depth - 1 ) );
		case 7: $shared = text( $url ); $list = array( &$shared, 'x' ); $list[] = &$shared; return $list;
		case 8: return serialize( value( $url, $depth - 1 ) );
		case 9: return json_encode( array( 'v' => utf( value( $url, $depth - 1 ) ) ), array( 0, JSON_UNESCAPED_SLASHES, JSON_UNESCAPED_UNICODE )[ mt_rand( 0, 2 ) ] );
		case 10: return rawurlencode( serialize( value( $url, $depth - 1 ) ) );
		default: return new ArrayObject( array( value( $url, $depth - 1 ) ) );
	}
}
function utf( $value ) {
	if ( ! is_string( $value ) ) { $value = serialize( $value ); }
	return preg_match( '//u', $value ) ? $value : 'not UTF-8';
}
foreach ( explode( ',', $argv[3] ) as $seed ) {
	$pair = array();
	foreach ( array( $argv[1], $argv[2] ) as $url ) {
		mt_srand( (int) $seed );
		$pair[] = base64_encode( serialize( value( $url, 4 ) ) );
	}
	echo implode( ' ', $pair ), "\n";
}
`;

/** Unserializes both of each pair and compares what came out, with references. */
const COMPARER = String.raw`
class Card { public $open; protected $kept; private $own; public $again; }
class Packed implements Serializable {
	public $data;
	public function serialize() { return serialize( $this->data ); }
	public function unserialize( $data ) { $this->data = unserialize( $data ); }
}
foreach ( explode( "\n", trim( stream_get_contents( STDIN ) ) ) as $line ) {
	list( $got, $wanted ) = array_map( 'base64_decode', explode( ' ', $line ) );
	$value = unserialize( $got );
	$same  = ( false !== $value || 'b:0;' === $got ) && serialize( $value ) === serialize( unserialize( $wanted ) );
	echo $same ? '1' : '0';
}
`;

function php(code: string, args: readonly string[], input = ''): string {
  const flags = ['-d', 'error_reporting=E_ALL & ~E_DEPRECATED', '-d', 'display_errors=stderr'];
  return execFileSync('php', [...flags, '-r', code, '--', ...args], { input, encoding: 'latin1', maxBuffer: 1 << 28 });
}

function pairsOf(seeds: readonly number[]): { before: Buffer; wanted: Buffer }[] {
  const lines = php(GENERATOR, [SITE, CLONE, seeds.join(',')])
    .trim()
    .split('\n');
  return lines.map((line) => {
    const [before = '', wanted = ''] = line.split(' ');
    return { before: Buffer.from(before, 'base64'), wanted: Buffer.from(wanted, 'base64') };
  });
}

describe('values made by PHP', () => {
  const seeds = Array.from({ length: 800 }, (_, index) => index + 1);
  const pairs = pairsOf(seeds);

  it('are after the rewrite what PHP makes of the same values with the new address, byte for byte', () => {
    expect(pairs).toHaveLength(seeds.length);
    for (const { before, wanted } of pairs) expect(rewrite(before).bytes.toString('latin1')).toBe(wanted.toString('latin1'));
  });

  it('can be unserialized and hold the same values, objects and references', () => {
    const lines = pairs.map(({ before, wanted }) => {
      return `${rewrite(before).bytes.toString('base64')} ${wanted.toString('base64')}`;
    });
    expect(php(COMPARER, [], lines.join('\n'))).toBe('1'.repeat(pairs.length));
  });

  it('come back unchanged', () => {
    for (const { before } of pairs) expect(back.rewrite(rewrite(before).bytes).bytes).toEqual(before);
  });

  it('cover every kind of value', () => {
    const all = pairs.map(({ before }) => before.toString('latin1')).join('\n');
    for (const part of ['O:4:"Card"', 'C:6:"Packed"', 'ArrayObject', 'R:', 'r:', '\\"', '%3A', '\\u00', '\\/\\/']) {
      expect(all).toContain(part);
    }
  });
});
