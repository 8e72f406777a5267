package io.quorate.peer.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Prints a script that teaches bash or zsh the commands and options. */
@Command(
        name = "completion",
        description = "Print a completion script for bash and zsh: source <(./quorate completion)")
final class CompletionCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        spec.commandLine()
                .getOut()
                .print(AutoComplete.bash("quorate", spec.root().commandLine()));
        spec.commandLine().getOut().flush();
        return 0;
    }
}
