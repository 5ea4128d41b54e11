import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright';
import { expect } from 'vitest';

/** Continuous integration keeps what lies here. */
export const ARTEFACTS = join(import.meta.dirname, '../artefacts');
const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
/** The narrowest screen on which nothing may stick out. */
const NARROWEST = { width: 360, height: 800 };
const SCHEMES = ['light', 'dark'] as const;

/** Looks at a page as it is shown now. */
export type PageJudge = (name: string) => Promise<void>;

/**
 * Expects of each page: no serious violation of accessibility in light and dark, and nothing that sticks out of a narrow screen.
 * Keeps a picture of it at desktop and phone width, light and dark, as `<folder>/<name>-<width>-<scheme>.png`.
 */
export function createPageJudge(page: Page, folder: string): PageJudge {
  const dir = join(ARTEFACTS, folder);
  mkdirSync(dir, { recursive: true });
  return async (name) => {
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      expect(await seriousViolations(page, colorScheme), `${name}, ${colorScheme}`).toEqual([]);
      for (const size of [PHONE, DESKTOP]) {
        await page.setViewportSize(size);
        await page.screenshot({ path: join(dir, `${name}-${size.width}-${colorScheme}.png`), fullPage: true });
      }
    }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize(NARROWEST);
    const excess = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect(excess, `${name} sticks out`).toBe(0);
    await page.setViewportSize(DESKTOP);
  };
}

/** What axe finds that keeps somebody from using the page, e.g. `color-contrast: .muted`. */
async function seriousViolations(page: Page, colorScheme: (typeof SCHEMES)[number]): Promise<string[]> {
  await page.evaluate(axe.source);
  // The schemes differ in colours only.
  const rules = colorScheme === 'dark' ? { runOnly: ['color-contrast'] } : {};
  const options = JSON.stringify({ resultTypes: ['violations'], ...rules });
  const { violations } = (await page.evaluate(`axe.run(${options})`)) as axe.AxeResults;
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return grave.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
}
