<?php

declare(strict_types=1);

namespace WpCloneRestore\Write;

/**
 * The administrator a clone gets.
 */
final class AdminAccount {

	/**
	 * @var string
	 */
	public $login;

	/**
	 * @var string
	 */
	public $email;

	/**
	 * As WordPress stores it.
	 *
	 * @var string
	 */
	public $password_hash;

	/**
	 * By which the account is found again.
	 *
	 * @var string
	 */
	public $marker;

	public function __construct( string $login, string $email, string $password_hash, string $marker ) {
		$this->login         = $login;
		$this->email         = $email;
		$this->password_hash = $password_hash;
		$this->marker        = $marker;
	}
}
