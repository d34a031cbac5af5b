#!/bin/sh
# What systemctl, loginctl, journalctl and launchctl answer when they are asked how things are; stand_in.py does the rest.
here=${0%/*}
kept() { test -e "$here/$1" && cat "$here/$1"; }
pid=$(kept pid)
case $(test -n "$pid" && ps -o stat= -p "$pid") in Z* | "") pid= ;; esac
case "${0##*/} $*" in
"systemctl --user show "*)
    unit=$HOME/.config/systemd/user/$3
    test -e "$unit" && echo "LoadState=loaded" && echo "FragmentPath=$unit" || echo "LoadState=not-found"
    if test -n "$pid"; then echo "ActiveState=active"; echo "ActiveEnterTimestamp=Mon 2026-01-05 02:00:00 UTC"
    elif test -e "$here/failed"; then echo "ActiveState=failed"; echo "Result=exit-code"
    else echo "ActiveState=inactive"; fi
    echo "ExecMainStatus=$(kept failed)"
    echo "MainPID=${pid:-0}"
    test -e "$here/enabled" && echo "UnitFileState=enabled"
    test -e "$here/loaded" && test -e "$unit" && ! cmp -s "$unit" "$here/loaded" && echo "NeedDaemonReload=yes"
    exit 0 ;;
"loginctl show-user "*)
    test -e "$here/lingers" && echo "Linger=yes" || echo "Linger=no" ;;
"journalctl "*)
    kept log ;;
"launchctl print $(kept domain)/$(id -u)")
    ;;
"launchctl print "*/*/*)
    test -e "$here/loaded" || exit 113
    if test -n "$pid"; then printf '%s = {\n\tstate = running\n\tpid = %s\n' "$2" "$pid"
    else printf '%s = {\n\tstate = not running\n\tlast exit code = %s\n' "$2" "$(kept failed)"; fi
    printf '\tdefault environment = {\n\t\tpid = 1\n\t}\n}\n' ;;
"launchctl print "*)
    exit 113 ;;
"launchctl print-disabled "*)
    kept disabled || true ;;
*)
    exec "$PYTHON" "${STAND_IN%.sh}.py" "$0" "$@" ;;
esac
