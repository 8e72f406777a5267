package io.quorate.peer.watch;

import io.quorate.peer.admin.AdminClient;
import io.quorate.peer.format.DecisionText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The status of a running peer, read field by field; what is not there counts as 0 or as empty. */
record PeerReading(Map<?, ?> fields, long atNs) {
    /** One member as the peer sees it. */
    record Member(Map<?, ?> fields) {
        int peerId() {
            return (int) number(fields, "peer");
        }

        String name() {
            return text(fields, "name");
        }

        String state() {
            return text(fields, "state");
        }

        boolean isReached() {
            return Boolean.TRUE.equals(fields.get("reached"));
        }
    }

    /**
     * Asks the peer of a data folder.
     *
     * @throws IllegalStateException if none runs there
     */
    static PeerReading of(final Path dataFolder) throws IOException {
        try (AdminClient client = AdminClient.connect(dataFolder)) {
            return new PeerReading(client.request(Map.of("command", "status")), System.nanoTime());
        }
    }

    static long number(final Map<?, ?> fields, final String name) {
        return fields.get(name) instanceof final Number number ? number.longValue() : 0;
    }

    /** Without what could rewrite a terminal. */
    static String text(final Map<?, ?> fields, final String name) {
        return fields.get(name) == null ? "" : DecisionText.printable(String.valueOf(fields.get(name)));
    }

    private Map<?, ?> part(final String name) {
        return fields.get(name) instanceof final Map<?, ?> part ? part : Map.of();
    }

    long number(final String name) {
        return number(fields, name);
    }

    String text(final String name) {
        return text(fields, name);
    }

    boolean isVoting() {
        return Boolean.TRUE.equals(fields.get("voting"));
    }

    long counter(final String name) {
        return number(part("counters"), name);
    }

    Map<?, ?> mesh() {
        return part("mesh");
    }

    boolean isWritable() {
        return Boolean.TRUE.equals(mesh().get("writable"));
    }

    Map<?, ?> health() {
        return part("health");
    }

    /** A histogram of the health, in short. */
    Map<?, ?> latency(final String name) {
        return health().get(name) instanceof final Map<?, ?> latency ? latency : Map.of();
    }

    long cpuNs() {
        return number(part("process"), "cpuNanos");
    }

    List<Member> members() {
        final List<Member> members = new ArrayList<>();
        if (mesh().get("members") instanceof final List<?> list) {
            for (final Object element : list) {
                if (element instanceof final Map<?, ?> member) {
                    members.add(new Member(member));
                }
            }
        }
        return members;
    }

    /** The newest sequence that this peer knows anybody to have. */
    long newestSequence() {
        long newest = number("sequence");
        for (final Member member : members()) {
            newest = Math.max(newest, number(member.fields(), "votedSequence"));
        }
        return newest;
    }

    /** How to call a peer: by name, or by id if it is none of the members. */
    String nameOf(final long peerId) {
        for (final Member member : members()) {
            if (member.peerId() == peerId) {
                return member.name();
            }
        }
        return "peer " + peerId;
    }
}
