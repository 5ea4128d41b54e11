/** Where the image of clones has the site, and where its agent works. */
export const SITE_ROOT = '/var/www/html/';
export const AGENT_WORK = '/run/wcr/agent/';
