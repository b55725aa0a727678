#!/usr/bin/env bash
# Runs inside the image build, as root: downloads what every agent's lock file names for this kind of machine, and links
# its program into one directory, which profile.sh puts on the PATH of login shells.
set -euo pipefail

# The certificates, proxies and mirrors of the machine that builds.
set -o allexport
. /run/network/environment
set +o allexport
# The lock file names every package by its digest: how old a release is adds nothing to that.
export pnpm_config_minimum_release_age=0
export pnpm_config_node_linker=hoisted pnpm_config_ignore_scripts=true

cd /opt/agents
mkdir bin
for list in */program; do
  agent=$(dirname "$list")
  read -r program pattern <"$list"
  pnpm install --dir "$agent" --frozen-lockfile --reporter=append-only
  # A package for one kind of machine is optional, so that its failure passes for success.
  file=$(compgen -G "$agent/$pattern") || {
    echo "$agent: its package was not installed, or has no program for $(uname -m)" >&2
    exit 1
  }
  ln -s "../$file" "bin/$program"
done
rm -rf "${HOME:-/root}/.local" "${HOME:-/root}/.cache"
