export const SUITE = 'bookworm';

/** A system's package sources, updates included: they lie on the same mirror, the security ones beside it. */
export function packageSources(mirror: string): string {
  const base = mirror.replace(/\/+$/, '');
  return [
    `deb ${base} ${SUITE} main`,
    `deb ${base} ${SUITE}-updates main`,
    `deb ${base}-security ${SUITE}-security main`,
    '',
  ].join('\n');
}

/** The mirror that debootstrap made a system from, by the `deb MIRROR SUITE main` it wrote. */
export function mirrorOf(sourcesList: string): string {
  const mirror = /^deb (\S+) /m.exec(sourcesList)?.[1];
  if (mirror === undefined) throw new Error('debootstrap named no mirror in sources.list.');
  return mirror;
}

/**
 * The archive that debootstrap takes by itself: what an image made from packages names, whichever mirror was nearer.
 * @param debootstrap the program's own text, a shell script
 */
export function archiveOf(debootstrap: string): string {
  const archive = /^DEF_MIRROR="(https?:\/\/[^"]+)"$/m.exec(debootstrap)?.[1];
  if (archive === undefined) throw new Error('debootstrap names no archive of its own.');
  return archive;
}

/** Turns apt away from a system's own sources, to `sources.list` in a directory. */
export function aptConfiguration(directory: string, withCertificates: boolean): string {
  return [
    `Dir::Etc::SourceList "${directory}/sources.list";`,
    'Dir::Etc::SourceParts "-";',
    ...(withCertificates ? [`Acquire::https::CaInfo "${directory}/ca.crt";`] : []),
    '',
  ].join('\n');
}
