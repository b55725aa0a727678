# The quick part of the base-image contract, run by a login shell inside a container. Prints "fault CLAUSE TEXT" for
# every broken clause and "checked" at the end.
home=$1 socket=$2 templates=$3 layers=$4
shift 4

fault() { printf 'fault %s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }

[ "$(id -un 2>/dev/null)" = sandbox ] || fault 2 'uid 1000 is not called "sandbox" in /etc/passwd'
[ "$(id -gn 2>/dev/null)" = sandbox ] || fault 2 'gid 1000 is not called "sandbox" in /etc/group'

passwd_home=$(while IFS=: read -r _ _ uid _ _ directory _; do [ "$uid" = 1000 ] && printf %s "$directory"; done </etc/passwd)
[ "$passwd_home" = "$home" ] || fault 3 "the home of uid 1000 is \"$passwd_home\"; it must be $home"
[ "$HOME" = "$home" ] || fault 3 "HOME is \"$HOME\" in a login shell; it must be $home"

for template in "$@"; do
  [ -r "$templates/$template" ] && [ -x "$templates/$template" ] ||
    fault 4 "$templates/$template is missing or unreadable: a preset starts from it"
done

if [ -d "$layers" ]; then
  for layer in "$layers"/*/workspace/app/*; do
    [ -e "$layer" ] || continue
    [ -O "$layer" ] || fault 5 "$layer does not belong to uid 1000"
  done
fi

touch /tmp/probe 2>/dev/null || fault 6 '/tmp is not writable'
touch "$home/probe" 2>/dev/null || fault 6 "$home is not writable for uid 1000"

for program in node pnpm git bash python3; do
  have "$program" || fault 7 "$program is not on the PATH of a login shell ($PATH)"
done
python3 -c 'import ensurepip, venv' 2>/dev/null || fault 7 'python3 lacks the venv module'

if have node; then
  probe='
    const deadline = Date.now() + 15000;
    const again = () => (Date.now() < deadline ? setTimeout(ask, 50) : process.exit(1));
    const ask = () =>
      require("node:http")
        .get({ socketPath: process.argv[1], path: "/v1/status" }, (answer) =>
          answer.statusCode === 200 ? process.exit(0) : again())
        .on("error", again);
    ask();'
  node -e "$probe" "$socket" || fault 1 "runtimed does not answer on $socket"
fi
echo checked
