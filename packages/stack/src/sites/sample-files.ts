import { createCipheriv } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** The folder that holds the sample's own files and tables. */
export const sampleFolder = join(import.meta.dirname, '../../sample');

export type SampleFileOptions = {
  /** Size of the one big upload, in MiB; 0 for none. */
  readonly uploadMb: number;
};

/** Adds the sample's theme, plugins, drop-ins and uploads to a WordPress. */
export async function writeSampleFiles(
  options: SampleFileOptions & { readonly dir: string; readonly url: string },
): Promise<void> {
  const { dir, url } = options;
  const uploads = join(dir, 'wp-content/uploads');
  await copyTemplates(join(sampleFolder, 'files'), dir, url);
  const texts: Record<string, string> = {
    '2024/05/mit Leerzeichen/Größe & Farbe (1).txt': `Straße, naïve: ${url}/\n`,
    '2024/05/日本語 🙂.txt': 'A file whose name is not ASCII.\n',
    '2024/05/it\'s 100% "quoted" #1+2.txt': 'Odd characters.\n',
    '2024/05/empty.txt': '',
    '2024/05/.hidden': 'hidden\n',
    'private/.htaccess': 'Require all denied\n',
  };
  for (const [name, text] of Object.entries(texts)) {
    await mkdir(dirname(join(uploads, name)), { recursive: true });
    await writeFile(join(uploads, name), text);
  }
  const long = new Date('2009-02-13T23:31:30Z');
  await utimes(join(uploads, '2024/05/empty.txt'), long, long);
  await mkdir(join(uploads, 'empty-folder/within'), { recursive: true });
  await symlink('2024/05', join(uploads, 'latest'));
  await symlink('../uploads/hero.svg', join(dir, 'wp-content/plugins/linked.svg'));
  if (options.uploadMb > 0) await writePseudoRandom(join(uploads, '2024/05/film.bin'), options.uploadMb);
}

async function copyTemplates(from: string, to: string, url: string): Promise<void> {
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const target = join(to, source.slice(from.length));
    await mkdir(dirname(target), { recursive: true });
    const text = await readFile(source, 'utf8');
    await writeFile(target, text.replaceAll('{{url}}', url).replaceAll('{{json_url}}', url.replaceAll('/', '\\/')));
  }
}

/** The same bytes each time, and no compressor makes them smaller: AES in counter mode over zeros. */
async function writePseudoRandom(file: string, sizeMb: number): Promise<void> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16));
  const zeros = Buffer.alloc(1024 * 1024);
  const blocks = function* (): Generator<Buffer> {
    for (let block = 0; block < sizeMb; block += 1) yield cipher.update(zeros);
  };
  await pipeline(Readable.from(blocks()), createWriteStream(file));
}
