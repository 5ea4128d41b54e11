import { z } from 'zod';
import { type NetworkNames, parseNetworkNames } from '../network/network-names.ts';
import { createSiteRules, type SiteRules } from '../network/site-rules.ts';
import { type Config, type ConfigDefinition, envSchemas } from './parse-env.ts';

const networkNames = z
  .string()
  .default('')
  .transform((text, context): NetworkNames => {
    try {
      return parseNetworkNames(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as TypeError).message });
      return z.NEVER;
    }
  });

/** Where sources and targets may be; the same for API and workers. */
export const siteNetworkConfig = {
  allowPrivateSources: {
    env: 'WCR_ALLOW_PRIVATE_SOURCES',
    doc: 'Whether sources and targets may have any address, loopback and private ones included; WCR_ALLOWED_SOURCES is narrower.',
    schema: envSchemas.flag.default(false),
  },
  allowedSources: {
    env: 'WCR_ALLOWED_SOURCES',
    doc: 'Private networks and hosts in which sources and targets may be, e.g. 10.20.0.0/16,shop.intern.example,*.lab.example.',
    schema: networkNames,
  },
  refusedSources: {
    env: 'WCR_REFUSED_SOURCES',
    doc: 'Networks and hosts in which none may be though they are public, e.g. the cluster’s own; goes before WCR_ALLOWED_SOURCES.',
    schema: networkNames,
  },
} as const satisfies ConfigDefinition;

/** The rules that a configuration makes; undefined where any address may be used. */
export function siteRulesOf(config: Config<typeof siteNetworkConfig>): SiteRules | undefined {
  if (config.allowPrivateSources && config.refusedSources.isEmpty) return undefined;
  const allowed = config.allowPrivateSources ? EVERYTHING : config.allowedSources;
  return createSiteRules({ allowed, refused: config.refusedSources });
}

const EVERYTHING: NetworkNames = { isEmpty: false, hasName: () => true, hasAddress: () => true };
