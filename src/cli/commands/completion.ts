/**
 * `podrun completion SHELL`: a small script for the shell that asks podrun itself (`podrun __complete`), so
 * that verbs, flags and the names of what runs are always those of now.
 */
import type { Io } from '../io.ts';
import { usage } from '../output/errors.ts';

const BASH = `# podrun completion for bash. Load it with: source <(podrun completion bash)
_podrun() {
	local IFS=$'\\n' current="\${COMP_WORDS[COMP_CWORD]}" words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
	if declare -F _get_comp_words_by_ref >/dev/null; then
		local cur cword all
		_get_comp_words_by_ref -n ':=' -c cur -i cword -w all
		current="$cur" words=("\${all[@]:1:cword}")
	fi
	COMPREPLY=($(compgen -W "$(podrun __complete -- "\${words[@]}" 2>/dev/null)" -- "$current"))
	[[ \${#COMPREPLY[@]} -eq 0 ]] && compopt -o default
	[[ \${COMPREPLY[0]} == *[/:=] ]] && compopt -o nospace
	if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$current"; fi
}
complete -F _podrun podrun
`;

const ZSH = `#compdef podrun
# podrun completion for zsh. Load it with: source <(podrun completion zsh)
_podrun() {
	local -a found
	found=("\${(@f)$(podrun __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
	found=("\${(@)found:#}")
	if (( \${#found} )); then compadd -- "\${found[@]}"; else _files; fi
}
compdef _podrun podrun
`;

const FISH = `# podrun completion for fish. Load it with: podrun completion fish | source
function __podrun_complete
	set -l words (commandline -opc) (commandline -ct)
	podrun __complete -- $words[2..-1] 2>/dev/null
end
complete -c podrun -a '(__podrun_complete)'
`;

const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

export async function run(io: Io, _options: unknown, args: readonly string[]): Promise<number> {
	const [shell = ''] = args;
	const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
	if (script === undefined) throw usage(`no completion for "${shell}"`, 'one of: bash, zsh, fish');
	io.stdout.write(script);
	return 0;
}
