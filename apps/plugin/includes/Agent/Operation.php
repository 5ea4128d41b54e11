<?php

declare(strict_types=1);

namespace WpCloneRestore\Agent;

use WpCloneRestore\Stream\FrameWriter;

/**
 * One operation of the protocol.
 */
interface Operation {

	/** E.g. `rows.read`. */
	public function name(): string;

	/** Whether it changes anything; its nonce is then accepted only once. */
	public function mutates(): bool;

	/**
	 * Answers one slice. If it writes no `E` frame itself, the dispatcher ends the answer with `done: true`.
	 *
	 * @throws AgentError Any failure; it becomes the answer's `X` frame.
	 */
	public function handle( Request $request, FrameWriter $out ): void;
}
