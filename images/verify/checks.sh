# The base-image contract as far as a login shell can see it, run as the main process of a container. Prints
# "fault CLAUSE TEXT" for every broken clause and "checked" at the end.
home=$1 templates=$2 layers=$3 skeleton=$4 image_path=$5 generated=$6 agents=$7
shift 7
shopt -s globstar dotglob nullglob

fault() { printf 'fault %s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }
readable() { [ -r "$1" ] && { [ ! -d "$1" ] || [ -x "$1" ]; }; }

# Whether a program is there and runs; $3 says who needs it, where that does not go without saying.
answers() {
  local clause=$1 program=$2 need=$3 why lost said
  if ! have "$program"; then
    why="not on the PATH of a login shell ($PATH)$need"
    lost=$(PATH=$image_path command -v "$program") &&
      why="$why. $lost is on that of the image's ENV, which a login shell replaces: set PATH in /etc/profile.d"
    fault "$clause" "$program is $why"
  elif ! said=$(HOME=$home "$program" --version 2>&1 </dev/null); then
    fault "$clause" "$program does not run$need: ${said//[$'\r\n']/ }"
  fi
}

# Read by the shell itself: what an image lacks must not pass for a broken clause of another kind.
user='' gid='' passwd_home='' group=''
while IFS=: read -r name _ uid its_gid _ directory _; do
  [ "$uid" != 1000 ] || [ -n "$user" ] || { user=$name gid=$its_gid passwd_home=$directory; }
done </etc/passwd
while IFS=: read -r name _ id _; do
  [ "$id" != 1000 ] || [ -n "$group" ] || group=$name
done </etc/group
[ "$user" = sandbox ] ||
  fault 2 "uid 1000 is ${user:-nobody} in /etc/passwd; it must be the user \"sandbox\" (useradd --uid 1000 --gid 1000 --home-dir $home sandbox)"
[ -z "$user" ] || [ "$gid" = 1000 ] || fault 2 "the group of uid 1000 is $gid in /etc/passwd; it must be 1000"
[ "$group" = sandbox ] ||
  fault 2 "gid 1000 is ${group:-no group} in /etc/group; it must be the group \"sandbox\" (groupadd --gid 1000 sandbox)"

[ -z "$user" ] || [ "$passwd_home" = "$home" ] ||
  fault 3 "the home of uid 1000 is \"$passwd_home\" in /etc/passwd; it must be $home"
[ "$HOME" = "$home" ] || fault 3 "HOME is \"$HOME\" in a login shell; it must stay $home"

for template in "$@"; do
  [ -d "$templates/$template" ] || fault 4 "$templates/$template is missing: a preset starts from it"
done
for directory in "$templates" "$skeleton"; do
  [ -d "$directory" ] || continue
  for path in "$directory"/**; do
    readable "$path" || [ -L "$path" ] || {
      fault 4 "$path is not readable for uid 1000"
      break
    }
  done
done

IFS=: read -ra names <<<"$generated"
prune=()
for name in "${names[@]}"; do prune+=(-o -name "$name"); done
for layer in "$layers"/*/; do
  have find || fault 5 "$layer cannot be looked at without the program find (findutils)"
  other=$(find "$layer" ! -uid 1000 -print -quit 2>/dev/null)
  [ -z "$other" ] || fault 5 "$other does not belong to uid 1000 (COPY --chown=1000:1000)"
  stray=$(find "$layer" -type d \( -false "${prune[@]}" \) -prune -o ! -type d -print -quit 2>/dev/null)
  [ -z "$stray" ] ||
    fault 5 "$stray stands in the way of the template: outside of ${names[*]} a layer holds only directories"
done

for directory in /tmp /var/tmp "$home"; do
  touch "$directory/.probe" 2>/dev/null || fault 6 "$directory is not writable for uid 1000"
done

[ "$PWD" = /tmp ] || fault 7 "a login shell goes to $PWD; it must stay where it is started, in the app"
for program in node pnpm git bash python3; do answers 7 "$program" ''; done
find_modules='import importlib.util as u, sys; print(*(m for m in sys.argv[1:] if u.find_spec(m) is None))'
! have python3 || for module in $(python3 -c "$find_modules" ensurepip venv fastapi uvicorn 2>/dev/null); do
  fault 7 "python3 lacks the module $module"
done

for program in $agents; do
  answers 8 "$program" ', and the label sandboxd.agents offers it'
  [ "$program" != opencode ] || answers 8 rg ', and opencode searches with it'
done
echo checked
