# Completion for bash: source it, or put it into /usr/share/bash-completion/completions/target-oracle.
_target_oracle() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    case $before in
        --config | -c) mapfile -t COMPREPLY < <(compgen -f -W "ENV" -- "$word") ;;
        --input | --report) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
        --format) mapfile -t COMPREPLY < <(compgen -W "text json markdown meltano man" -- "$word") ;;
        *)
            mapfile -t COMPREPLY < <(compgen -W "--config --plan --check --check-write --print-state --about \
                --version --help --input --report --format" -- "$word")
            ;;
    esac
}
complete -o filenames -F _target_oracle target-oracle
