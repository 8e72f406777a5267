package io.quorate.peer.cli;

import io.quorate.engine.GroupSettings;
import io.quorate.peer.roster.ApplyCommand;
import io.quorate.peer.roster.ApproveCommand;
import io.quorate.peer.roster.NextCommand;
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
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Makes the file that says who belongs to a group, where they listen and what they share, and changes it step by step. */
@Command(
        name = "roster",
        description = {
            "Make the roster of a group, the same file for every peer; or change it while the group runs:",
            "next makes the roster of the next epoch, approve signs it, apply has the group go on with it."
        },
        subcommands = {RosterCommand.Create.class, NextCommand.class, ApproveCommand.class, ApplyCommand.class})
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

        @ArgGroup(exclusive = false, heading = "%nSettings of the group:%n")
        private Settings settings = new Settings();

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
            final Roster roster = Roster.of(epoch, peers, settings.given());
            GroupSettings.of(roster);
            final String text = roster.canonicalText();
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

    /** What the peers of a group share; only what is given stands in the roster. */
    private static final class Settings {
        @Option(names = "--dimension", paramLabel = "N", description = "Numbers in each vector. Default: 384.")
        private String dimension;

        @Option(
                names = "--heads",
                paramLabel = "N",
                description = "Attention heads; divides the dimension. Default: 8.")
        private String heads;

        @Option(
                names = "--mode",
                paramLabel = "attention|byzantine",
                description = "How vectors are fused. Default: byzantine.")
        private String mode;

        @Option(
                names = "--grouping",
                paramLabel = "exact|near",
                description = "When two answers count as equal. Default: exact.")
        private String grouping;

        @Option(
                names = "--fault-tolerance",
                paramLabel = "SHARE",
                description = "Share of lying peers to allow for. Default: 0.33.")
        private String faultTolerance;

        @Option(names = "--temperature", paramLabel = "T", description = "Factor on the attention logits. Default: 4.")
        private String temperature;

        @Option(
                names = "--near-threshold",
                paramLabel = "COSINE",
                description = "How near answers must be with --grouping near. Default: 0.6.")
        private String nearThreshold;

        @Option(names = "--content-length-max", paramLabel = "BYTES", description = "Longest answer. Default: 16384.")
        private String contentLengthMax;

        @Option(
                names = "--round-deadline-ms",
                paramLabel = "MS",
                description = "How long a round waits for silent peers. Default: 500.")
        private String roundDeadlineMs;

        @Option(
                names = "--view-change-timeout-ms",
                paramLabel = "MS",
                description = "How long a silent primary is waited for. Default: 500.")
        private String viewChangeTimeoutMs;

        @Option(
                names = "--checkpoint-interval",
                paramLabel = "N",
                description = "Sequences between checkpoints. Default: 64.")
        private String checkpointInterval;

        @Option(
                names = "--membership",
                paramLabel = "lan|fast|mission|off",
                description =
                        "With which times the peers watch each other: a silent crash is known within 2, 0.5 or 10 s. Default: lan.")
        private String membership;

        @Option(
                names = "--overlay-faults",
                paramLabel = "F",
                description =
                        "How many liars among the neighbours cannot cut news off, 0 to 15; F + 1 neighbours, at least 3."
                                + " Default: f of the group, at most 4.")
        private String overlayFaults;

        @Option(
                names = "--reads",
                paramLabel = "ordered|unordered",
                description = "Whether queries are ordered, or answered by a quorum's newest states. Default: ordered.")
        private String reads;

        @Option(
                names = "--requests",
                paramLabel = "tagged|signed",
                description =
                        "Whether requests carry a MAC for each peer and are signed only when that does not serve, or are signed at"
                                + " once. Default: tagged.")
        private String requests;

        @Option(
                names = "--sealing",
                paramLabel = "mac|aes-gcm",
                description =
                        "Whether frames between peers carry a MAC and can be read by who sees them, or are encrypted. Default: mac.")
        private String sealing;

        Map<String, String> given() {
            final Map<String, String> settings = new LinkedHashMap<>();
            put(settings, "dimension", dimension);
            put(settings, "heads", heads);
            put(settings, "mode", mode);
            put(settings, "grouping", grouping);
            put(settings, "fault-tolerance", faultTolerance);
            put(settings, "temperature", temperature);
            put(settings, "near-threshold", nearThreshold);
            put(settings, "content-length-max", contentLengthMax);
            put(settings, "round-deadline-ms", roundDeadlineMs);
            put(settings, "view-change-timeout-ms", viewChangeTimeoutMs);
            put(settings, "checkpoint-interval", checkpointInterval);
            put(settings, "membership", membership);
            put(settings, "overlay-faults", overlayFaults);
            put(settings, "reads", reads);
            put(settings, "requests", requests);
            put(settings, "sealing", sealing);
            return settings;
        }

        private static void put(final Map<String, String> settings, final String key, final String value) {
            if (value != null) {
                settings.put(key, value);
            }
        }
    }
}
