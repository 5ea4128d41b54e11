<?php

declare(strict_types=1);

namespace WpCloneRestore\Stream;

/**
 * One frame of the agent stream; see docs/protocol.md, Stream. Its data is already inflated.
 */
final class Frame {

	public const MAGIC           = "WCR1\n";
	public const HEAD_BYTES      = 10;
	public const CRC_BYTES       = 4;
	public const FLAG_COMPRESSED = 1;
	public const MAX_META_BYTES  = 1048576;
	public const MAX_DATA_BYTES  = 67108864;
	public const KINDS           = 'QRIFJEX';

	/**
	 * One of the letters in KINDS.
	 *
	 * @var string
	 */
	public $kind;

	/**
	 * The description.
	 *
	 * @var array<string, mixed>
	 */
	public $meta;

	/**
	 * The bytes.
	 *
	 * @var string
	 */
	public $data;

	/**
	 * @param array<string, mixed> $meta Description.
	 */
	public function __construct( string $kind, array $meta, string $data = '' ) {
		$this->kind = $kind;
		$this->meta = $meta;
		$this->data = $data;
	}
}
