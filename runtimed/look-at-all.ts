/** Each look holds a file descriptor or two, of which there is an end. */
const LOOKS_AT_ONCE = 32;

/** What is found at each of many places, in their order, looking at a few of them at a time. */
export async function lookAtAll<Place, Found>(
  places: readonly Place[],
  look: (place: Place) => Promise<Found>,
): Promise<Found[]> {
  const found: Found[] = [];
  for (let from = 0; from < places.length; from += LOOKS_AT_ONCE) {
    found.push(...(await Promise.all(places.slice(from, from + LOOKS_AT_ONCE).map(look))));
  }
  return found;
}
