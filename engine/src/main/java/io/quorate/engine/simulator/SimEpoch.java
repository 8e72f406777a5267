package io.quorate.engine.simulator;

import io.quorate.engine.virtual.SimKeys;
import io.quorate.transport.Authenticator;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.Verifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Which processes are the peers of an epoch, by their ids. A process has one number for ever; it is in the peer's name. */
final class SimEpoch {
    private static final int PORT = 40_000;

    private final Roster roster;
    private final long number;
    private final int[] processes;

    private SimEpoch(final Roster roster, final long number, final int[] processes) {
        this.roster = roster;
        this.number = number;
        this.processes = processes;
    }

    /** All processes of a group whose epoch never ends. */
    static SimEpoch only(final int peerCount) {
        final int[] processes = new int[peerCount];
        Arrays.setAll(processes, id -> id);
        return new SimEpoch(null, SimNetwork.FIRST_EPOCH, processes);
    }

    /** The first epoch of a group that will have others. */
    static SimEpoch first(final int peerCount) {
        final List<Roster.Peer> peers = new ArrayList<>();
        for (int id = 0; id < peerCount; id++) {
            peers.add(peer(id, id, id, PORT + id));
        }
        return of(Roster.of(SimNetwork.FIRST_EPOCH, peers, Map.of()));
    }

    static SimEpoch of(final Roster roster) {
        final int[] processes = new int[roster.size()];
        Arrays.setAll(processes, id -> Integer.parseInt(roster.peer(id).name().substring(1)));
        return new SimEpoch(roster, roster.epoch(), processes);
    }

    static Roster.Peer peer(final int id, final int process, final int keyNumber, final int port) {
        return new Roster.Peer(id, "p" + process, "10.0.0.1", port, SimKeys.publicKey(keyNumber));
    }

    /** Null in a group whose epoch never ends. */
    Roster roster() {
        return roster;
    }

    long number() {
        return number;
    }

    /** By peer id; the caller must not change it. */
    int[] processes() {
        return processes;
    }

    int size() {
        return processes.length;
    }

    /** The process with this peer id. */
    int process(final int peerId) {
        return processes[peerId];
    }

    /** The peer id of a process, or -1. */
    int idOf(final int process) {
        for (int id = 0; id < processes.length; id++) {
            if (processes[id] == process) {
                return id;
            }
        }
        return -1;
    }

    Signer signer(final SimKeys keys, final int peerId) {
        return roster == null ? keys.signer(peerId) : keys.signer(roster, peerId);
    }

    Authenticator authenticator(final SimKeys keys, final int peerId) {
        return roster == null ? keys.authenticator(peerId) : keys.authenticator(roster, peerId);
    }

    Verifier verifier(final SimKeys keys) {
        return roster == null ? keys.verifier() : keys.verifier(roster);
    }
}
