import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PluginSite, startPluginSite } from './support/plugin-site.ts';

const guard = join(import.meta.dirname, '../../clone-guard/wcr-clone-guard.php');

/** A must-use plugin that is loaded before the guard and sends mail the ways SMTP plugins do. */
const RIVAL = `<?php
add_filter( 'pre_wp_mail', function ( $sent, $mail ) { file_put_contents( WP_CONTENT_DIR . '/sent-by-rival', 'x' ); return true; }, 1, 2 );
`;

describe.each(['debian', '6.5'] as const)('the clone guard in WordPress %s', (version) => {
  let site: PluginSite;
  let mailDir: string;

  beforeAll(async () => {
    const expiresAt = Math.floor(Date.now() / 1000) + 3600;
    site = await startPluginSite({
      version,
      activate: false,
      constants: {
        WCR_CLONE_SOURCE: 'shop.example<b>',
        WCR_CLONE_EXPIRES_AT: expiresAt,
        WCR_CLONE_HTTP_ALLOW: 'api.allowed.example, *.wild.example',
      },
    });
    const folder = join(site.dir, 'wp-content/mu-plugins');
    mkdirSync(folder, { recursive: true });
    cpSync(guard, join(folder, 'wcr-clone-guard.php'));
    writeFileSync(join(folder, 'a-rival.php'), RIVAL);
    mailDir = join(site.dir, 'wp-content/wcr-mail');
  });

  afterAll(async () => site?.[Symbol.asyncDispose]());

  beforeEach(() => rmSync(mailDir, { recursive: true, force: true }));

  const mails = () =>
    readdirSync(mailDir)
      .filter((name) => name.endsWith('.eml'))
      .map((name) => readFileSync(join(mailDir, name), 'utf8'));

  it('puts mails into files instead of sending them', async () => {
    const code = `echo var_export( wp_mail( array( 'a@b.example', 'c@d.example' ), "Grüße\\r\\nBcc: evil@x.example", 'Ein Text – 1 = 1', array( 'From: Shop <s@t.example>', 'Content-Type: text/html' ), array( '/tmp/bill.pdf' ) ), true );`;
    expect(await site.php(code)).toBe('true');
    const [mail] = mails();
    expect(mail).toContain('To: a@b.example, c@d.example\r\n');
    expect(mail).toContain('Subject: Grüße Bcc: evil@x.example\r\n');
    expect(mail).toContain('From: Shop <s@t.example>\r\n');
    expect(mail).toContain('Content-Type: text/html\r\n');
    expect(mail).toContain('X-WCR-Attachment: bill.pdf\r\n');
    expect(mail).toContain('Ein Text =E2=80=93 1 =3D 1');
    expect(existsSync(join(site.dir, 'wp-content/sent-by-rival'))).toBe(false);
  });

  it('catches what goes past wp_mail: the filter in front of it and a mailer of its own', async () => {
    await site.php(
      `apply_filters( 'pre_wp_mail', null, array( 'to' => 'x@y.example', 'subject' => 'filter', 'message' => 'm', 'headers' => '', 'attachments' => array() ) );`,
    );
    expect(existsSync(join(site.dir, 'wp-content/sent-by-rival'))).toBe(false);
    const own = `require_once ABSPATH . WPINC . '/PHPMailer/PHPMailer.php'; require_once ABSPATH . WPINC . '/PHPMailer/SMTP.php'; require_once ABSPATH . WPINC . '/PHPMailer/Exception.php';
      $m = new PHPMailer\\PHPMailer\\PHPMailer( true ); $m->isSMTP(); $m->Host = '127.0.0.1'; $m->Port = 9; $m->setFrom( 's@t.example' ); $m->addAddress( 'x@y.example' ); $m->Subject = 'mailer'; $m->Body = 'b';
      do_action_ref_array( 'phpmailer_init', array( &$m ) ); echo $m->send() ? 'sent' : 'failed';`;
    expect(await site.php(own)).toBe('sent');
    expect(mails().map((mail) => /Subject: (.*)\r\n/.exec(mail)?.[1])).toEqual(['filter', 'mailer']);
  });

  it('keeps the last 200 mails, where visitors cannot list them', async () => {
    await site.php(`for ( $i = 0; $i < 205; $i++ ) { wp_mail( 'a@b.example', "mail $i", '' ); }`);
    const subjects = mails().map((mail) => /Subject: (.*)\r\n/.exec(mail)?.[1]);
    expect(subjects).toHaveLength(200);
    expect(subjects.at(0)).toBe('mail 5');
    expect(subjects.at(-1)).toBe('mail 204');
    expect(await (await fetch(`${site.site.url}/wp-content/wcr-mail/`)).text()).toBe('');
  });

  it('runs no schedule', async () => {
    const code = `wp_schedule_single_event( time() - 100, 'wcr_test_event' ); add_action( 'wcr_test_event', function () { echo 'ran'; } ); echo var_export( spawn_cron(), true ), wp_cron(), count( wp_get_ready_cron_jobs() );`;
    expect(await site.php(code)).toMatch(/^false0?0$/);
    expect((await fetch(`${site.site.url}/wp-cron.php?doing_wp_cron`)).status).toBe(403);
    const scheduler = `echo apply_filters( 'action_scheduler_queue_runner_concurrent_batches', 5 ), var_export( apply_filters( 'action_scheduler_allow_async_request_runner', true ), true );`;
    expect(await site.php(scheduler)).toBe('0false');
  });

  it('calls no other host, but itself and those allowed', async () => {
    const ask = (url: string) =>
      site.php(
        `$r = wp_remote_get( '${url}', array( 'timeout' => 1 ) ); echo is_wp_error( $r ) ? $r->get_error_code() : 'answered';`,
      );
    expect(await ask('http://127.0.0.2:9/')).toBe('wcr_clone_http_blocked');
    expect(await ask('https://api.stripe.example/charge')).toBe('wcr_clone_http_blocked');
    expect(await ask(`${site.site.url}/`)).toBe('answered');
    const may = `echo wp_json_encode( array_map( array( 'WCR_Clone_Guard', 'may_call' ), array( 'API.allowed.example', 'x.wild.example', 'a.b.wild.example', 'wild.example', 'notwild.example', 'evil-api.allowed.example', '' ) ) );`;
    expect(JSON.parse(await site.php(may))).toEqual([true, true, true, false, false, false, false]);
  });

  it('tells search engines to stay away without changing the database', async () => {
    const front = await fetch(`${site.site.url}/`);
    expect(front.headers.get('x-robots-tag')).toBe('noindex, nofollow');
    expect(await front.text()).toMatch(/<meta name=['"]robots['"] content=['"]noindex, nofollow['"]/);
    expect(await (await fetch(`${site.site.url}/robots.txt`)).text()).toBe('User-agent: *\nDisallow: /\n');
    expect(await site.query("SELECT option_value AS v FROM wp_options WHERE option_name = 'blog_public'")).toEqual([{ v: '1' }]);
    expect(await site.php(`echo get_option( 'blog_public' );`)).toBe('0');
  });

  it('charges nobody and tells no other service', async () => {
    const code = `echo wp_json_encode( array( apply_filters( 'woocommerce_available_payment_gateways', array( 'stripe' => 1 ) ), apply_filters( 'woocommerce_webhook_should_deliver', true ), apply_filters( 'woocommerce_subscriptions_is_duplicate_site', false ), apply_filters( 'automatic_updater_disabled', false ) ) );`;
    expect(JSON.parse(await site.php(code))).toEqual([[], false, true, true]);
  });

  it('says what the site is and until when, the gateway’s word first', async () => {
    const notice = await site.php(`do_action( 'admin_notices' );`);
    expect(notice).toContain('This is a clone of shop.example&lt;b&gt;. It expires at ');
    expect(notice).toMatch(/\(in (1 hour|59 mins?|60 mins?)\)/);
    const later = await site.php(
      `$_SERVER['WCR_CLONE_EXPIRES_AT'] = (string) ( time() + 7 * DAY_IN_SECONDS + 60 ); echo WCR_Clone_Guard::message();`,
    );
    expect(later).toContain('(in 1 week)');
    const over = await site.php(`$_SERVER['WCR_CLONE_EXPIRES_AT'] = '1000'; echo WCR_Clone_Guard::message();`);
    expect(over).toContain('It has expired at ');
    const bar = `require_once ABSPATH . WPINC . '/class-wp-admin-bar.php'; $bar = new WP_Admin_Bar(); do_action( 'admin_bar_menu', $bar ); echo $bar->get_node( 'wcr-clone' )->title;`;
    expect(await site.php(bar)).toMatch(/^Clone: .* left$/);
  });
});
