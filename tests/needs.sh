# A part of the scripts that run tests under node: what is missing for them is collected by need(),
# and skip_if_missing says it.

missing=
need() { missing="${missing:+$missing, }$1"; }

need_node() {
  if ! command -v node >/dev/null; then
    need "node 18 or newer"
  elif ! node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)'; then
    need "node 18 or newer (this is $(node --version))"
  fi
}

# Ends with 77 (skipped) if something is missing; with CI=true that is a failure.
skip_if_missing() { # WHAT NEEDS IT
  if [ -z "$missing" ]; then return; fi
  echo "skipped: $1 need $missing"
  if [ "${CI-}" = true ]; then
    echo "with CI=true they must run"
    exit 1
  fi
  exit 77
}
