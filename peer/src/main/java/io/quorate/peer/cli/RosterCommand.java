package io.quorate.peer.cli;

import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Makes the file that says who belongs to a group, where they listen and what they share. */
@Command(
        name = "roster",
        description = "Make the roster of a group: the same file for every peer.",
        subcommands = RosterCommand.Create.class)
final class RosterCommand extends CommandGroup {
    /** Peer ids are the places in the argument list. */
    @Command(
            name = "create",
            description = {
                "Print or write a roster. Peers get the ids 0, 1, 2, ... in the order given.",
                "The settings hold for the whole group and cannot differ between peers."
            })
    static final class Create implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Parameters(
                paramLabel = "KEY.pub@HOST:PORT",
                arity = "1..*",
                description = "Public key file of a peer, and the UDP address where the others reach it.")
        private List<String> members;

        @Option(
                names = "--out",
                paramLabel = "FILE",
                description = "Write to a new file; without it, to standard output.")
        private Path out;

        @Option(
                names = "--names",
                paramLabel = "NAME",
                split = ",",
                description = "Names of the peers, in the same order. Default: peer-0,peer-1,...")
        private List<String> names;

        @Option(
                names = "--epoch",
                defaultValue = "1",
                description = "Number of this membership. Default: ${DEFAULT-VALUE}.")
        private long epoch;

        @Option(names = "--set", paramLabel = "KEY=VALUE", description = "A setting of the group.")
        private Map<String, String> settings = new LinkedHashMap<>();

        @Override
        public Integer call() throws IOException {
            if (names != null && names.size() != members.size()) {
                throw new IllegalArgumentException(
                        names.size() + " names given for " + members.size() + " peers: --names names all or none");
            }
            final List<Roster.Peer> peers = new ArrayList<>();
            for (int id = 0; id < members.size(); id++) {
                peers.add(member(id, names == null ? "peer-" + id : names.get(id), members.get(id)));
            }
            final String text = Roster.of(epoch, peers, settings).canonicalText();
            if (out == null) {
                spec.commandLine().getOut().print(text);
                spec.commandLine().getOut().flush();
            } else {
                Files.writeString(out, text, StandardCharsets.UTF_8, StandardOpenOption.CREATE_NEW);
            }
            return 0;
        }

        private static Roster.Peer member(final int id, final String name, final String member) throws IOException {
            final int at = member.lastIndexOf('@');
            final int colon = member.lastIndexOf(':');
            if (at < 1 || colon < at + 2 || !member.substring(colon + 1).matches("[0-9]{1,5}")) {
                throw new IllegalArgumentException("\"" + member + "\" is not KEY.pub@HOST:PORT");
            }
            final byte[] publicKey = PeerIdentity.loadPublic(Path.of(member.substring(0, at)));
            final int port = Integer.parseInt(member.substring(colon + 1));
            return new Roster.Peer(id, name, member.substring(at + 1, colon), port, publicKey);
        }
    }
}
