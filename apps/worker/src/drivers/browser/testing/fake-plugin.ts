import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Zips a plugin with our name whose settings page shows what the real one shows, in any version. */
export async function buildFakePlugin(dir: string, version: string, extraPhp = ''): Promise<string> {
  const folder = join(dir, version, 'wp-clone-restore');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'wp-clone-restore.php'), source(version, extraPhp));
  await run('zip', ['-q', '-r', `../${version}.zip`, 'wp-clone-restore'], { cwd: join(dir, version) });
  return join(dir, `${version}.zip`);
}

function source(version: string, extraPhp: string): string {
  return `<?php
/**
 * Plugin Name: Clone & Restore
 * Version: ${version}
 * Text Domain: wp-clone-restore
 */
register_activation_hook( __FILE__, function () {
	${extraPhp}
	add_option( 'wcr_fake_key', bin2hex( random_bytes( 32 ) ) );
} );
add_action( 'admin_menu', function () {
	add_options_page( 'Clone', 'Clone', 'manage_options', 'wp-clone-restore', function () {
		echo '<div class="wrap" data-wcr-version="${version}"><code data-wcr-pairing-key>' . esc_html( get_option( 'wcr_fake_key' ) ) . '</code></div>';
	} );
} );
`;
}
