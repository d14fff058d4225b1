/**
 * `podrun completion SHELL`: a small script for the shell that asks podrun itself (`podrun __complete`), so
 * that verbs, flags and the names of what runs are always those of now.
 */
import type { Io } from '../io.ts';
import { usage } from '../output/errors.ts';

const BASH = `# podrun completion for bash. Load it with: source <(podrun completion bash)
_podrun() {
	# Bash breaks words at = and :, podrun does not; what it has broken off must not come back in an answer.
	local IFS=$' \\t\\n' line="\${COMP_LINE:0:COMP_POINT}" words
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=('')
	local current="\${words[-1]}"
	local broken="\${current%"\${current##*[=:]}"}"
	IFS=$'\\n'
	COMPREPLY=($(podrun __complete -- "\${words[@]:1}" 2>/dev/null))
	COMPREPLY=("\${COMPREPLY[@]#"$broken"}")
	[[ \${#COMPREPLY[@]} -eq 0 ]] && compopt -o default
	[[ \${COMPREPLY[0]} == *[/:=] ]] && compopt -o nospace
}
complete -F _podrun podrun
`;

const ZSH = `#compdef podrun
# podrun completion for zsh. Load it with: source <(podrun completion zsh), or as a file _podrun in $fpath.
_podrun() {
	local -a found open
	found=("\${(@f)$(podrun __complete -- "\${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
	found=("\${(@)found:#}")
	if (( ! \${#found} )); then
		_files
		return
	fi
	open=("\${(@M)found:#*[/:=]}")
	found=("\${(@)found:#*[/:=]}")
	(( \${#open} )) && compadd -S '' -- "\${open[@]}"
	(( \${#found} )) && compadd -- "\${found[@]}"
}
if [[ "\${funcstack[1]}" == _podrun ]]; then
	_podrun "$@"
else
	(( \${+functions[compdef]} )) || { autoload -Uz compinit && compinit; }
	compdef _podrun podrun
fi
`;

const FISH = `# podrun completion for fish. Load it with: podrun completion fish | source
function __podrun_complete
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	set -l found (podrun __complete -- $words[2..-1] "$current" 2>/dev/null)
	if test (count $found) -gt 0
		printf '%s\\n' $found
	else
		__fish_complete_path "$current"
	end
end
complete -c podrun -f -a '(__podrun_complete)'
`;

const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

export async function run(io: Io, _options: unknown, args: readonly string[]): Promise<number> {
	const [shell = ''] = args;
	const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
	if (script === undefined) throw usage(`no completion for "${shell}"`, 'one of: bash, zsh, fish');
	io.stdout.write(script);
	return 0;
}
