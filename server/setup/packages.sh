#!/usr/bin/env bash
# Fetches the FHIR packages of fhir-packages.toml into VESTA_PACKAGES_DIR and proves their digests.
. "$(dirname "${BASH_SOURCE[0]}")/console.sh"

# name|version|sha512, one package a line.
packages() {
    awk -F'"' '
        /^\[\[package\]\]/ { if (name != "") print name "|" version "|" sha512; name = version = sha512 = "" }
        /^name *=/ { name = $2 }
        /^version *=/ { version = $2 }
        /^sha512 *=/ { sha512 = $2 }
        END { if (name != "") print name "|" version "|" sha512 }
    ' fhir-packages.toml
}

count=0
while IFS='|' read -r name version sha512; do
    [ -n "$version" ] && [ -n "$sha512" ] \
        || fail "$name has no version or no sha512 in fhir-packages.toml" "add what is missing"
    fetch_package "$name" "$version" "$sha512" "$PACKAGES/$name-$version.tgz"
    count=$((count + 1))
done < <(packages)
[ "$count" -gt 0 ] || fail "fhir-packages.toml names no package" "restore it from version control"
say "FHIR packages: $count in $PACKAGES"
