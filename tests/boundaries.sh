#!/usr/bin/env bash
# Who may include whom (see docs/how-it-works.md). Prints each line that crosses a boundary and fails if there is one.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
crossed=0

only_in() { # library, pattern of its includes, folders that may use it
  local lines
  lines=$(grep -rnE "#include *[<\"]$2" --include='*.cpp' --include='*.hpp' common coordinator worker cli | grep -vE "^($3)") || return 0
  printf '%s is used outside of %s:\n%s\n' "$1" "$3" "$lines"
  crossed=1
}

never() { # folder, pattern it must not include, why
  local lines
  lines=$(grep -rnE "#include *\"($2)" --include='*.cpp' --include='*.hpp' "$1") || return 0
  printf '%s: %s\n%s\n' "$1" "$3" "$lines"
  crossed=1
}

only_in 'image decoders' '(jpeglib|jerror|png)\.h' 'worker/runner/data/'
only_in LibTorch '(torch|ATen|c10)/' 'worker/runner/'
only_in libpqxx 'pqxx' 'coordinator/store/'
only_in libpq 'libpq' 'coordinator/store/'
only_in libarchive 'archive(_entry)?\.h' 'coordinator/backup/'
only_in toml++ 'toml' 'common/job/'
only_in ZeroMQ 'zmq' 'common/net/'
only_in 'TLS' '(boost/asio/ssl|openssl/ssl)' 'common/net/'
only_in hwloc 'hwloc' 'worker/agent/facts/'
only_in pagmo 'pagmo' 'coordinator/search/'
only_in Beast 'boost/beast' 'coordinator/api/|common/net/'
never common '(coordinator|worker|cli)/' 'common knows no program'
never common/match 'common/(job|wire|net|artifact)/' 'matching knows facts, not where they come from or what asks for them'
never coordinator/core '(coordinator/(search|store|runtime|api)|worker|cli|common/(net|artifact))/' 'the core decides; it does no I/O'
never coordinator/search '(coordinator/(core|store|backup|runtime|api)|worker|cli|common/(wire|net|artifact))/' 'a search knows what its trials gave, not how they are run'
never coordinator/store '(coordinator/(runtime|api)|worker|cli)/' 'the store knows only what is written'
never coordinator/backup '(coordinator/(core|search|runtime|api)|worker|cli)/' 'a backup is of what is written, whoever runs'
never coordinator/runtime '(coordinator/api|worker|cli)/' 'the runtime serves the API, not the reverse'
never worker '(coordinator|cli)/' 'a worker shares only common with the coordinator'
never worker/confinement '(common/(wire|net|artifact)|worker/(agent|runner))/' 'a fence knows nothing of what runs inside it'
never worker/agent 'worker/runner/' 'the agent speaks to the runner over a socket'
never worker/agent/core '(common/(net|artifact)|worker/agent/[a-z_]+\.hpp)' 'the core of the agent decides; it does no I/O'
never cli '(coordinator/(core|search|runtime|api)|worker)/' 'the command line uses the HTTP API, the store for sql and the backup for db'

# Both cores are pure: the same events give the same actions. So is a search: the same trials give the same advice.
lines=$(grep -rnE '(system_clock|steady_clock)::now|random_device|getenv|std::(rand|time)\(' --include='*.cpp' --include='*.hpp' coordinator/core coordinator/search worker/agent/core)
if [ -n "$lines" ]; then printf 'a core or a search reads a clock, chance or the environment:\n%s\n' "$lines"; crossed=1; fi

lines=$(grep -rnE '"(SELECT|INSERT INTO|UPDATE [a-z_.]+ SET|DELETE FROM|CREATE TABLE|select .* from|insert into|update [a-z_.]+ set|delete from) ' --include='*.cpp' --include='*.hpp' common coordinator worker cli | grep -vE '^cli/.*espalier sql')
if [ -n "$lines" ]; then printf 'SQL outside of sql/:\n%s\n' "$lines"; crossed=1; fi

lines=$(grep -rnE 'asio::detached|\.detach\(\)|sleep_for|usleep\(' --include='*.cpp' --include='*.hpp' common coordinator worker cli tests)
if [ -n "$lines" ]; then printf 'detached or sleeping code:\n%s\n' "$lines"; crossed=1; fi

lines=$(grep -rnE '\bjson::parse\(' --include='*.cpp' --include='*.hpp' common coordinator worker cli | grep -v '^common/base/json.hpp')
if [ -n "$lines" ]; then printf 'JSON read inexactly (use parse_json):\n%s\n' "$lines"; crossed=1; fi

[ "$crossed" -eq 0 ] && echo "every boundary holds"
exit "$crossed"
