export type SiteLogin = {
  /** Site address as the user gave it. */
  readonly url: string;
  readonly loginUrl?: string | undefined;
  readonly username: string;
  readonly password: string;
  readonly httpAuth?: { readonly username: string; readonly password: string } | undefined;
};

export type PluginSetup = {
  readonly pairingKey: string;
  readonly pluginVersion: string;
  /** What had to be done. */
  readonly action: 'installed' | 'updated' | 'activated' | 'already-active';
};

/** Drives wp-admin as a person would, for what has no API: installing the plugin and reading its pairing key. */
export type BrowserDriver = {
  /**
   * Logs in once, makes sure our plugin is installed in at least our version and active, and reads its pairing key.
   * @throws AppError `source.*` for everything that stands in the way, `browser.*` for the browser's own troubles.
   */
  ensurePlugin(login: SiteLogin, context: { signal: AbortSignal; log(message: string): void }): Promise<PluginSetup>;
  close(): Promise<void>;
};
