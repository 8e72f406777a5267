package io.quorate.peer.roster;

import io.quorate.engine.GroupSettings;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Makes the roster of the next epoch out of the present one. */
@Command(
        name = "next",
        description = {
            "Print or write the roster of the next epoch: one step from the present one.",
            "Nothing changes in the group before a quorum has approved it and it was applied."
        })
public final class NextCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--roster", paramLabel = "FILE", required = true, description = "The present roster.")
    private Path rosterFile;

    @ArgGroup(multiplicity = "1", heading = "%nOne of:%n")
    private Step step;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "Name of the peer that is added or comes in the place of another. Default: peer-EPOCH-ID.")
    private String name;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "Write to a new file and print what the step does; without it, print the roster.")
    private Path out;

    private static final class Step {
        @Option(names = "--add", paramLabel = "KEY.pub@HOST:PORT", description = "One peer more.")
        private String add;

        @Option(names = "--remove", paramLabel = "ID", description = "One peer less; the last one takes over its id.")
        private Integer remove;

        @Option(
                names = "--replace",
                paramLabel = "ID=KEY.pub@HOST:PORT",
                description = "Another peer under the same id.")
        private String replace;

        @Option(names = "--rotate", paramLabel = "ID=KEY.pub", description = "A new key of the same peer.")
        private String rotate;

        @Option(names = "--move", paramLabel = "ID=HOST:PORT", description = "Another address of the same peer.")
        private String move;
    }

    @Override
    public Integer call() throws IOException {
        final Roster current = Roster.read(rosterFile);
        final Roster next = Roster.of(current.epoch() + 1, peers(current), current.settings());
        final String summary = StepText.summary(current, next);
        GroupSettings.of(next);
        if (out == null) {
            spec.commandLine().getOut().print(next.canonicalText());
        } else {
            Files.writeString(out, next.canonicalText(), StandardCharsets.UTF_8, StandardOpenOption.CREATE_NEW);
            spec.commandLine().getOut().println(summary);
        }
        spec.commandLine().getOut().flush();
        return 0;
    }

    private List<Roster.Peer> peers(final Roster current) throws IOException {
        final List<Roster.Peer> peers = new ArrayList<>(current.peers());
        if (step.add != null) {
            peers.add(newcomer(current, peers.size(), step.add));
        } else if (step.remove != null) {
            final int id = current.peer(step.remove).id();
            final Roster.Peer last = peers.removeLast();
            if (id < peers.size()) {
                peers.set(id, new Roster.Peer(id, last.name(), last.host(), last.port(), last.publicKey()));
            }
        } else if (step.replace != null) {
            final int id = id(current, step.replace);
            peers.set(id, newcomer(current, id, rest(step.replace)));
        } else if (step.rotate != null) {
            final Roster.Peer old = current.peer(id(current, step.rotate));
            peers.set(
                    old.id(),
                    new Roster.Peer(
                            old.id(),
                            old.name(),
                            old.host(),
                            old.port(),
                            PeerIdentity.loadPublic(Path.of(rest(step.rotate)))));
        } else {
            final Roster.Peer old = current.peer(id(current, step.move));
            final String address = rest(step.move);
            peers.set(old.id(), new Roster.Peer(old.id(), old.name(), host(address), port(address), old.publicKey()));
        }
        return peers;
    }

    private Roster.Peer newcomer(final Roster current, final int id, final String member) throws IOException {
        final int at = member.lastIndexOf('@');
        if (at < 1) {
            throw new IllegalArgumentException("\"" + member + "\" is not KEY.pub@HOST:PORT");
        }
        final String address = member.substring(at + 1);
        return new Roster.Peer(
                id,
                name == null ? "peer-" + (current.epoch() + 1) + "-" + id : name,
                host(address),
                port(address),
                PeerIdentity.loadPublic(Path.of(member.substring(0, at))));
    }

    private static int id(final Roster current, final String option) {
        final int equals = option.indexOf('=');
        if (equals < 1 || !option.substring(0, equals).matches("[0-9]{1,2}")) {
            throw new IllegalArgumentException("\"" + option + "\" does not begin with ID=");
        }
        return current.peer(Integer.parseInt(option.substring(0, equals))).id();
    }

    private static String rest(final String option) {
        return option.substring(option.indexOf('=') + 1);
    }

    private static String host(final String address) {
        final int colon = address.lastIndexOf(':');
        if (colon < 1 || !address.substring(colon + 1).matches("[0-9]{1,5}")) {
            throw new IllegalArgumentException("\"" + address + "\" is not HOST:PORT");
        }
        return address.substring(0, colon);
    }

    private static int port(final String address) {
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }
}
