# From here on the script is the same for every task.

bc_run='/batchcompute/run'
bc_workdir='/batchcompute/workdir'
bc_setsid=$(command -v setsid || :)
bc_pid=

bc_say() {
    printf '%s\n' "batchcompute: $*" >&2
}

# bc_make_room: the directories that the program expects, new for each attempt.
bc_make_room() {
    rm -rf "$bc_workdir" && mkdir -p "$bc_workdir" || return 1
    [ "$bc_attempt" -eq 1 ] || bc_remove_outputs
}

bc_make_parent() {
    mkdir -p "${1%/*}/"
}

bc_link() { # bc_link MOUNTED LOCAL
    [ -e "$1" ] || { bc_say "InputNotFound: there is no $(bc_object "$1") for $2."; return 1; }
    bc_make_parent "$2" && rm -f "$2" && ln -s "$1" "$2"
}

bc_install() { # bc_install PACKAGE, known by its name
    [ -f "$1" ] || { bc_say "PackageNotFound: there is no $(bc_object "$1")."; return 1; }
    case $(printf '%s' "${1##*/}" | tr '[:upper:]' '[:lower:]') in
        *.tar.gz | *.tgz) bc_untar "$1" z ;;
        *.tar.bz2) bc_untar "$1" j ;;
        *.tar.xz) bc_untar "$1" J ;;
        *.tar) bc_untar "$1" '' ;;
        *.zip) bc_unzip "$1" ;;
        *) cp "$1" "$bc_workdir/" && chmod 755 "$bc_workdir/${1##*/}" ;;
    esac || { bc_say "InvalidPackage: $(bc_object "$1") cannot be unpacked."; return 1; }
}

bc_stays_inside() { # Read the names in an archive, at the end of lines or on their own.
    while IFS= read -r bc_line; do
        case " $bc_line" in *[\ /]../* | *[\ /]..) bc_say "A name in the archive leads out: $bc_line"; return 1 ;; esac
    done
}

bc_untar() { # bc_untar ARCHIVE COMPRESSION
    tar "-t$2f" "$1" | bc_stays_inside && (cd "$bc_workdir" && tar "-x$2of" "$1")
}

bc_unzip() {
    if command -v unzip >/dev/null; then
        unzip -l "$1" | bc_stays_inside && unzip -q "$1" -d "$bc_workdir"
    else
        # Python's own command would forget which files are programs.
        python3 -c 'import os, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
for item in archive.infolist():
    if ".." in item.filename.split("/"):
        sys.exit(f"A name in the archive leads out: {item.filename}")
for item in archive.infolist():
    path = archive.extract(item, sys.argv[2])
    mode = item.external_attr >> 16 & 0o777
    if mode and not item.is_dir():
        os.chmod(path, mode | 0o600)' "$1" "$bc_workdir"
    fi
}

bc_way() { # bc_way LOCAL: the directory it is in, without links
    cd -P "${1%/*}/" 2>/dev/null && pwd -P
}

bc_put() { # bc_put WAY COMMAND LOCAL MOUNTED: the program may have put a link where a directory on the way was
    [ "$(bc_way "$3")" = "$1" ] || { bc_say "The way to $3 was replaced: nothing uploaded."; return 0; }
    shift
    "$@"
}

bc_put_file() { # bc_put_file LOCAL MOUNTED
    if [ -f "$1" ] && [ ! -L "$1" ]; then
        bc_copy "$1" "$2"
    else
        bc_say "$1 is not a file of the output: not uploaded."
    fi
}

bc_put_folder() { # bc_put_folder LOCAL MOUNTED [FOLDER/ in both]
    if [ ! -d "$1" ] || [ -L "$1" ]; then
        bc_say "$1 is not a directory: nothing uploaded."
        return 0
    fi
    for bc_name in "$1/${3-}"* "$1/${3-}".[!.]* "$1/${3-}"..?*; do
        if [ -d "$bc_name" ] && [ ! -L "$bc_name" ]; then
            bc_put_folder "$1" "$2" "${bc_name#"$1"/}/" || return 1
        elif [ -f "$bc_name" ] && bc_is_inside "$bc_name" "$1"; then
            bc_copy "$bc_name" "$2/${bc_name#"$1"/}" || return 1
        elif [ -e "$bc_name" ] || [ -L "$bc_name" ]; then
            bc_say "$bc_name is not a file of the output: not uploaded."
        fi
    done
}

bc_is_inside() { # A link counts only when it stays in its folder.
    [ ! -L "$1" ] && return 0
    case $(readlink -f "$1") in "$(cd "$2" && pwd -P)"/*) return 0 ;; *) return 1 ;; esac
}

bc_copy() {
    bc_make_parent "$2" && cp "$1" "$2" || { bc_say "OutputFailed: $1 cannot be written to $(bc_object "$2")."; return 1; }
}

bc_signal() { # bc_signal SIGNAL PID: to its group, or to itself when it has none (yet)
    kill -s "$1" -- "-$2" 2>/dev/null || kill -s "$1" "$2" 2>/dev/null || :
}

bc_end() { # bc_end PID of our own
    bc_signal KILL "$1"
    wait "$1" 2>/dev/null || :
}

bc_in_time() { # bc_in_time SECONDS PID: end PID and its group when the time is over
    exec ${bc_setsid:+"$bc_setsid"} sh -c 'sleep "$1"; : >"$3/late"; for signal in TERM KILL; do
        kill -s "$signal" -- "-$2" || kill -s "$signal" "$2"; sleep 10
    done' - "$1" "$2" "$bc_run" >/dev/null 2>&1 3>&- 4>&-
}

bc_execute() { # Run the program; its exit code is bc_status.
    (cd "$bc_workdir" && bc_program) </dev/null 3>&- 4>&- &
    bc_pid=$!
    bc_in_time "$bc_timeout" "$bc_pid" &
    bc_timer=$!
    bc_status=0
    wait "$bc_pid" || bc_status=$?
    bc_end "$bc_timer"
    # What it has started must not run on.
    kill -s KILL -- "-$bc_pid" 2>/dev/null || :
    bc_pid=
    if [ -e "$bc_run/late" ]; then
        bc_say "Timeout: the program ran longer than $bc_timeout s."
        bc_status=124
    elif [ "$bc_status" -ne 0 ]; then
        bc_say "The program ended with exit code $bc_status."
    fi
}

bc_try() { # One attempt.
    bc_status=1
    if bc_make_room && bc_prepare; then
        bc_execute
        bc_collect || [ "$bc_status" -ne 0 ] || bc_status=1
    fi
}

# The streams go to the pod's log and, through a pipe, to files that become objects when the attempt ends.
bc_open_streams() {
    rm -rf "$bc_run" && mkdir -p "$bc_run" || exit 1
    exec 3>&1 4>&2
    if [ -n "$bc_stdout" ]; then
        mkfifo "$bc_run/stdout.pipe"
        (trap '' TERM INT; exec tee "$bc_run/stdout" <"$bc_run/stdout.pipe" >&3 4>&-) &
        bc_stdout_tee=$!
    fi
    if [ -n "$bc_stderr" ]; then
        mkfifo "$bc_run/stderr.pipe"
        (trap '' TERM INT; exec tee "$bc_run/stderr" <"$bc_run/stderr.pipe" >&4 3>&-) &
        bc_stderr_tee=$!
    fi
    [ -z "$bc_stdout" ] || exec 3>"$bc_run/stdout.pipe"
    [ -z "$bc_stderr" ] || exec 4>"$bc_run/stderr.pipe"
}

bc_close_streams() {
    exec 3>&- 4>&-
    for bc_tee in ${bc_stdout_tee-} ${bc_stderr_tee-}; do
        # A process that got away from its group may hold the stream open: it is waited for only so long.
        ${bc_setsid:+"$bc_setsid"} sh -c 'sleep 10; kill -s KILL "$1"' - "$bc_tee" >/dev/null 2>&1 &
        bc_timer=$!
        wait "$bc_tee" || :
        bc_end "$bc_timer"
    done
    [ -z "$bc_stdout" ] || bc_copy "$bc_run/stdout" "$bc_stdout/stdout.$bc_label" || :
    [ -z "$bc_stderr" ] || bc_copy "$bc_run/stderr" "$bc_stderr/stderr.$bc_label" || :
}

bc_stop() { # The job was stopped: no outputs, but what was written to the streams so far.
    trap '' TERM INT
    if [ -n "$bc_pid" ]; then
        bc_signal TERM "$bc_pid"
        wait "$bc_pid" || :
    fi
    exec >/dev/null 2>&1
    bc_close_streams
    exit 143
}

bc_attempt=1
while :; do
    bc_open_streams
    trap bc_stop TERM INT
    bc_try >&3 2>&4
    bc_close_streams
    if [ "$bc_status" -eq 0 ] || [ "$bc_attempt" -ge "$bc_attempts" ]; then
        break
    fi
    bc_attempt=$((bc_attempt + 1))
    bc_say "Attempt $bc_attempt of $bc_attempts begins."
done
rm -rf "$bc_run"
