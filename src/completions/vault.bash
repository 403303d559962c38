# Completion of vault for bash: 3.2 and newer, with and without the package bash-completion.

_vault() {
  local line=${COMP_LINE:0:COMP_POINT} count=0 cut='' breaks='' apostrophe="'\\''" index word current answer kind
  local -a words starts
  # Bash splits words at characters such as @ and =, too. What has no space between is one word.
  for ((index = 0; index < COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]}
    if [[ $line == [[:space:]]* || $count -eq 0 ]]; then
      line=${line#"${line%%[![:space:]]*}"}
      starts[count]=$index
      words[count++]=$word
    else
      words[count - 1]+=$word
    fi
    line=${line#"$word"}
  done
  if [[ $line == [[:space:]]* ]]; then
    starts[count]=$COMP_CWORD
    words[count++]=${line#"${line%%[![:space:]]*}"}
  else
    words[count - 1]+=$line
  fi
  current=${words[count - 1]}
  words=("${words[@]//[\"\'\\]/}")

  answer=$(command vault __complete -- $((count - 2)) "${words[@]:1}" 2>/dev/null) || return
  kind=${answer##*$'\n'}
  if [[ $kind == :program* ]]; then
    index=$((${kind#* } + 1))
    if declare -F _comp_command_offset >/dev/null; then
      _comp_command_offset "${starts[index]}"
    elif declare -F _command_offset >/dev/null; then
      _command_offset "${starts[index]}"
    elif ((index == count - 1)); then
      COMPREPLY=($(compgen -c -- "${words[index]}"))
    else
      kind=:files
    fi
  fi
  case $kind in
    :files)
      local IFS=$'\n'
      type compopt &>/dev/null && compopt -o filenames
      word=${words[count - 1]}
      [[ $word != --*=* ]] || word=${word#*=}
      COMPREPLY=($(compgen -f -- "$word"))
      ;;
    :words)
      # Bash replaces only what is typed after the last of these characters, and an @ with it.
      for word in @ = :; do
        [[ $COMP_WORDBREAKS != *"$word"* ]] || breaks+=$word
      done
      [[ -z $breaks || $current == [\"\']* ]] || cut=${current%"${current##*[$breaks]}"}
      cut=${cut%@}
      while IFS=$'\t' read -r word _; do
        [[ $word != :words ]] || break
        case $current in
          \'*) word=${word//\'/$apostrophe} ;;
          # What the shell would expand is not worth an escape.
          \"*) [[ $word != *[\"\$\`\\]* ]] || continue ;;
          *) printf -v word %q "$word" ;;
        esac
        COMPREPLY+=("${word#"$cut"}")
      done <<<"$answer"
      ;;
  esac
}

complete -F _vault vault
