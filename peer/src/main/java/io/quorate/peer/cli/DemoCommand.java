package io.quorate.peer.cli;

import io.quorate.peer.demo.Demo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The whole main job in one command that needs nothing. */
@Command(
        name = "demo",
        description = {
            "Start a group of peers on this machine, each a process of its own, and let them decide real rounds;",
            "kill the primary, decide without it, take it back. Leaves nothing behind."
        })
final class DemoCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(
            names = "--peers",
            paramLabel = "N",
            defaultValue = "4",
            description = "How many peers, 4 to 16. Default: ${DEFAULT-VALUE}.")
    private int peers;

    @Option(names = "--json", description = "Print one JSON object a line and nothing else.")
    private boolean json;

    @Option(
            names = "--keep",
            paramLabel = "DIR",
            description =
                    "Put everything into this new or empty folder and leave keys, roster, logs and decisions there.")
    private Path keep;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (peers < Demo.PEERS_MIN || peers > Demo.PEERS_MAX) {
            throw new IllegalArgumentException(
                    "--peers is " + peers + ", must be " + Demo.PEERS_MIN + " to " + Demo.PEERS_MAX);
        }
        new Demo(spec.commandLine().getOut(), json, keep).run(peers);
        return 0;
    }
}
