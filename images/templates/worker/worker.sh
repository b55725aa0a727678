#!/usr/bin/env bash
# Runs for ever. Replace the body of the loop with your work; what it prints is the worker's log.
set -euo pipefail

interval_seconds=${INTERVAL_SECONDS:-10}
beats=0

while true; do
  beats=$((beats + 1))
  printf '%s heartbeat %d\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$beats"
  sleep "$interval_seconds"
done
