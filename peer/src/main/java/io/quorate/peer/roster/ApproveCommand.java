package io.quorate.peer.roster;

import io.quorate.engine.GroupSettings;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Signs, with the key of a peer of the present roster, that the group may go on with the next one. */
@Command(
        name = "approve",
        description = {
            "Approve the next roster with the key of one peer; the peer need not run.",
            "The approval is void in every other group and epoch. It takes those of a quorum to apply a roster."
        })
public final class ApproveCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--roster", paramLabel = "FILE", required = true, description = "The present roster.")
    private Path rosterFile;

    @Option(names = "--next", paramLabel = "FILE", required = true, description = "The roster of the next epoch.")
    private Path nextFile;

    @Option(
            names = "--key",
            paramLabel = "FILE",
            required = true,
            description = "identity.key of a peer of the present roster.")
    private Path keyFile;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "Write to a new file and print what is approved; without it, print the approval.")
    private Path out;

    @Override
    public Integer call() throws IOException {
        final Roster current = Roster.read(rosterFile);
        final Roster next = Roster.read(nextFile);
        final String summary = StepText.summary(current, next);
        GroupSettings.of(next);
        final Approval approval = Approval.of(PeerIdentity.load(keyFile), current, next);
        if (out == null) {
            spec.commandLine().getOut().println(approval.line());
        } else {
            Files.writeString(out, approval.line() + "\n", StandardCharsets.US_ASCII, StandardOpenOption.CREATE_NEW);
            spec.commandLine()
                    .getOut()
                    .println("approved by " + current.peer(approval.signerId()).name() + ": " + summary);
        }
        spec.commandLine().getOut().flush();
        return 0;
    }
}
