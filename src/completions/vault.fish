# Completion of vault for fish.

function __complete_vault
    set -l before (commandline -opc)[2..]
    set -l current (commandline -ct | string unescape)
    set -l lines (command vault __complete -- (count $before) $before "$current" 2>/dev/null)
    switch "$lines[-1]"
        case :files
            set -l option (string match -r -- '^--[^=]*=' "$current")
            for path in (__fish_complete_path (string replace -r -- '^--[^=]*=' '' "$current"))
                echo -- "$option$path"
            end
        case ':program *'
            set -l first (math (string replace ':program ' '' -- $lines[-1]) + 1)
            complete -C (string join ' ' -- (string escape -- $before[$first..]) (commandline -ct))
        case :words
            test (count $lines) -gt 1; and printf '%s\n' $lines[1..-2]
    end
end

complete -c vault -f -a '(__complete_vault)'
