import { BLANK_TEMPLATE, DEFAULT_PRESET, findPreset, PRESETS, type Preset } from '../../src/domain/preset.ts';

/** What a sandbox starts from. */
export interface Seed {
  /** Gives `sandbox.yaml` and the defaults. */
  readonly preset: Preset | undefined;
  /** A directory of the image's templates; undefined for an empty workspace. */
  readonly template: string | undefined;
  /** A preset was named that this runtime does not know. */
  readonly unknownPreset?: string;
}

/**
 * A preset brings its template. A template alone brings the manifest of the preset that uses it. An unknown preset is
 * replaced by the default one: something always boots.
 */
export function seedOf(preset: string | undefined, template: string | undefined): Seed {
  const isBlank = template === BLANK_TEMPLATE;
  if (preset === undefined && template !== undefined) {
    const using = PRESETS.find((candidate) => candidate.template === template);
    return { preset: using, template: isBlank ? undefined : template };
  }
  const known = findPreset(preset ?? DEFAULT_PRESET);
  if (known === undefined) {
    const fallback = findPreset(DEFAULT_PRESET);
    return { preset: fallback, template: fallback?.template, ...(preset && { unknownPreset: preset }) };
  }
  return { preset: known, template: isBlank ? undefined : (template ?? known.template) };
}
