/** runtimed's own: what it is told is no business of the programs it runs. */
const OWN_PREFIX = 'SANDBOXD_';
const USER = 'sandbox';

export type Environment = Readonly<Record<string, string>>;

/**
 * What every program of a sandbox starts with; a login shell completes it. The container's variables are passed on: the
 * image's settings for its tools, the instance's certificates, proxies and mirrors. No secret is among them, since they
 * show in the engine's inspection.
 * @param configured for the app's own programs, and secret in part: it wins over all but what says where and who they are
 */
export function programEnvironment(
  container: Readonly<Record<string, string | undefined>>,
  home: string,
  configured: Environment = {},
): Environment {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(container)) {
    if (value !== undefined && !name.startsWith(OWN_PREFIX)) passed[name] = value;
  }
  return {
    LANG: 'C.UTF-8',
    ...passed,
    ...configured,
    // A login shell says anew where programs are; until then it has to be found itself.
    PATH: passed['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: home,
    USER,
    LOGNAME: USER,
    SHELL: '/bin/bash',
  };
}
