# Packages of Debian's other suites, without a change to this machine. Sourced by what makes something
# of them, which gives `$folder`, a directory that it removes.

# The archive that this machine installs from itself.
archive="$(. /etc/os-release && apt-get indextargets --format '$(REPO_URI)' \
  'Created-By: Packages' 'Label: Debian' "Codename: $VERSION_CODENAME" | head -n 1)"
[ -n "$archive" ] || { echo 'apt names no archive of its own release'; exit 1; }

# Points apt at one suite, in directories of its own: what is installed here is not asked, and not changed.
# With nothing installed in its eyes, apt names all that a package needs, down to the C library.
use_suite() {
  export APT_CONFIG="$folder/$1/apt.conf"
  mkdir -p "$folder/$1/"{lists,archives}/partial
  touch "$folder/$1/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive $1 main" \
    >"$folder/$1/sources.list"
  cat >"$APT_CONFIG" <<END
Dir::State "$folder/$1";
Dir::State::status "$folder/$1/status";
Dir::Cache "$folder/$1";
Dir::Etc::sourcelist "$folder/$1/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Sandbox::User "root";
Acquire::Retries "3";
END
}
