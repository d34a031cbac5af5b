#!/bin/sh
# The main job, end to end: a real daemon in a home of its own, a job of three tasks in a git worktree, one task on
# a cron schedule. The agent is a stand-in that speaks like claude and really edits files; AGENT=claude takes the
# real one on PATH. Called by `make demo`.
set -eu

bin=${BIN:?call this as: make demo}
agent=${AGENT:-stand-in}
PATH="$bin:$PATH"
work=$(mktemp -d "${TMPDIR:-/tmp}/ccsched-demo.XXXXXX")
repo=$work/my-app
CCSCHED_HOME=$work/home
export CCSCHED_HOME
daemon=

finish() {
  status=$?
  trap - EXIT
  if [ -n "$daemon" ]; then
    kill "$daemon" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
  fi
  [ "$status" = 0 ] || { echo; echo "The demo failed. The daemon's log:"; tail -n 30 "$work/daemon.log" 2>/dev/null; }
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

bold= cyan= plain=
if [ -t 1 ]; then
  bold=$(printf '\033[1m') cyan=$(printf '\033[36m') plain=$(printf '\033[0m')
fi
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
# A command as it can be copied: words with special characters are in single quotes.
quoted() {
  gap=
  for word; do
    case $word in
    '' | *[!A-Za-z0-9_./:=@%+,-]*) printf "%s'%s'" "$gap" "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")" ;;
    *) printf '%s%s' "$gap" "$word" ;;
    esac
    gap=' '
  done
}
command_line() { printf '%s$ %s%s\n' "$cyan" "$(quoted "$@")" "$plain"; }
show() { command_line "$@"; "$@"; }
# Tables as on a terminal, also when this goes into a pipe; in quiet the answer is left out, not an error.
ccsched() { command ccsched --output table "$@"; }
quiet() { command_line "$@"; "$@" >/dev/null; }

# A git of the demo's own: nothing of the person's configuration, nothing written to it.
GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=$work/gitconfig
export GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL
git config --file "$GIT_CONFIG_GLOBAL" user.name Demo
git config --file "$GIT_CONFIG_GLOBAL" user.email demo@example.invalid

title "A repository, with something unfinished in it"
git init --quiet --initial-branch main "$repo"
echo '# my-app' >"$repo/README.md"
git -C "$repo" add README.md
git -C "$repo" commit --quiet --message 'Begin'
echo 'half a thought' >"$repo/unfinished.txt"
show git -C "$repo" status --short

title "The daemon"
mkdir -m 700 "$CCSCHED_HOME"
case $agent in
stand-in)
  printf '{"agent_command": ["%s", "-m", "scheduler_daemon.agent.stand_in"]}\n' "$bin/python" >"$CCSCHED_HOME/settings.json"
  ;;
*)
  command -v "$agent" >/dev/null || { echo "$agent is not on PATH"; exit 1; }
  printf '{"agent_command": ["%s"]}\n' "$agent" >"$CCSCHED_HOME/settings.json"
  ;;
esac
echo "$cyan\$ export PATH=\"$bin:\$PATH\"$plain"
command_line export "CCSCHED_HOME=$CCSCHED_HOME"
echo "$cyan\$ ccschedd &$plain"
ccschedd --log-format text 2>"$work/daemon.log" &
daemon=$!
tries=0
until command ccsched health >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] && kill -0 "$daemon" 2>/dev/null || exit 1
  sleep 0.1
done
show ccsched health

title "A job of three tasks, in a worktree of its own"
show ccsched jobs create --name nightly --working-directory "$repo" --use-worktree --worktree-name nightly
quiet ccsched tasks create --job nightly --name greet --prompt 'write greet.py: print("Good morning")'
quiet ccsched tasks create --job nightly --name test --schedule sequential \
  --prompt 'write test_greet.py: import greet'
quiet ccsched tasks create --job nightly --name document --schedule sequential \
  --prompt 'write USAGE.md: Run greet.py in the morning.'
show ccsched jobs tasks nightly

title "And one task that the clock starts, every five seconds"
mkdir "$work/digest"
quiet ccsched jobs create --name digest --working-directory "$work/digest"
quiet ccsched tasks create --job digest --name digest --cron '*/5 * * * * *' --prompt 'write digest.md: All quiet.'
show ccsched scheduler

title "The night, a little faster: the job's three tasks, one after another"
show ccsched jobs run nightly --follow

title "The clock has started the other one"
tries=0
until command ccsched runs list --task digest --status success --output json | grep -q '"id"'; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || exit 1
  sleep 0.1
done
quiet ccsched tasks disable digest

title "The morning"
show ccsched runs list
show git -C "$repo" log --stat --format='%n%h %s' main..nightly
echo
echo "What you had not finished is as you left it:"
show git -C "$repo" status --short
title "The logs"
show ls -l "$CCSCHED_HOME/logs"
commits=$(git -C "$repo" rev-list --count main..nightly)
[ "$commits" = 3 ] || { echo "expected three commits, found $commits"; exit 1; }
kill "$daemon"
wait "$daemon"
daemon=
cat <<END

The daemon has been stopped. All it did is in $work.
To go on with it:      $(quoted "$bin/ccschedd" --home "$CCSCHED_HOME")
When you have looked:  $(quoted rm -r "$work")
END
