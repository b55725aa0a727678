import { assets } from './assets.gen.ts';

/** A file that the pages load: its name carries a hash of its bytes, so it may be cached for ever. */
export interface Asset {
  readonly file: string;
  readonly type: string;
  readonly body: string;
}

export type AssetName = keyof typeof assets;

const byFile: ReadonlyMap<string, Asset> = new Map(
  Object.values(assets).map((asset): [string, Asset] => [asset.file, asset]),
);

/** The path at which an asset is served. */
export const assetPath = (name: AssetName): string => `/assets/${assets[name].file}`;

export const findAsset = (file: string): Asset | undefined => byFile.get(file);
