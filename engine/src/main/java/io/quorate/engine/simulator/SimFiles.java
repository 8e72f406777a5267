package io.quorate.engine.simulator;

import io.quorate.engine.disk.SimJournal;
import io.quorate.engine.epoch.EpochAdapter;
import io.quorate.engine.epoch.EpochPublisher;
import io.quorate.engine.epoch.HandoverCertificate;
import io.quorate.engine.epoch.Succession;
import io.quorate.engine.journal.JournalHistory;
import io.quorate.engine.virtual.SimKeys;
import io.quorate.engine.virtual.SimRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.agrona.DirectBuffer;

/**
 * What a process has in its files: every epoch that it has been a peer of, what opened it, and, if it is durable, a journal of
 * each. And what it does with that in one life: answers in the epochs that are over.
 */
final class SimFiles {
    /** Labels of what is drawn in one epoch lie so far apart. */
    static final long LABELS_PER_EPOCH = 100_000;

    private static final long DISK_LABEL = 3000;
    private static final long COIN_LABEL = 4000;

    private final SimPeer peer;
    private final SimCluster cluster;
    private final SimKeys keys;
    private final SimRandom ofDisks;
    private final SimRandom coins;
    private final boolean isDurable;
    private final TreeMap<Long, Station> stations = new TreeMap<>();
    private final TreeMap<Long, Past> past = new TreeMap<>();
    private final List<SimJournal> openDisks = new ArrayList<>();

    /**
     * An epoch at which a life can begin.
     *
     * @param openedBy null in the first epoch
     * @param disk null of a memory-only peer
     */
    record Station(SimEpoch epoch, HandoverCertificate openedBy, SimJournal disk) {}

    /**
     * An epoch that is over here.
     *
     * @param straddling what a liar goes on with there all the same; else null
     */
    private record Past(Succession succession, EpochAdapter adapter, Runnable flush, SimMember straddling) {
        Past(final Succession succession, final Runnable flush, final SimMember straddling) {
            this(succession, new EpochAdapter(succession), flush, straddling);
        }
    }

    SimFiles(
            final SimPeer peer,
            final SimCluster cluster,
            final SimKeys keys,
            final SimRandom random,
            final boolean isDurable) {
        this.peer = peer;
        this.cluster = cluster;
        this.keys = keys;
        ofDisks = random.split(DISK_LABEL);
        coins = random.split(COIN_LABEL);
        this.isDurable = isDurable;
    }

    Station add(final SimEpoch epoch, final HandoverCertificate openedBy) {
        return stations.computeIfAbsent(epoch.number(), any -> {
            final SimRandom ofDisk = epoch.number() == SimNetwork.FIRST_EPOCH ? ofDisks : ofDisks.split(epoch.number());
            return new Station(epoch, openedBy, isDurable ? cluster.newDisk(peer.number(), ofDisk) : null);
        });
    }

    boolean isEmpty() {
        return stations.isEmpty();
    }

    boolean isDurable() {
        return isDurable;
    }

    /** True once anything was durable in any epoch: before that no vote can have left. */
    boolean hasSpoken() {
        return disks().stream().anyMatch(SimJournal::hasSpoken);
    }

    List<SimJournal> disks() {
        final List<SimJournal> disks = new ArrayList<>();
        for (final Station station : stations.values()) {
            if (station.disk() != null) {
                disks.add(station.disk());
            }
        }
        return disks;
    }

    /**
     * Where a life begins: a durable peer in the newest epoch in which its journal says anything; another one in the newest that
     * its files tell of, or, if its operator gave it the roster of the beginning again, in the first. Null for a newcomer.
     */
    Station home() {
        if (stations.isEmpty()) {
            return null;
        }
        Station home = stations.firstEntry().getValue();
        for (final Station station : stations.values()) {
            home = station.disk() != null && station.disk().hasSpoken() ? station : home;
        }
        final boolean isNewest = !isDurable && stations.size() > 1 && coins.nextBoolean();
        return isNewest ? stations.lastEntry().getValue() : home;
    }

    JournalHistory open(final Station station, final Runnable onDurable) {
        if (station.disk() == null) {
            return JournalHistory.empty();
        }
        openDisks.add(station.disk());
        return station.disk().open(onDurable);
    }

    /** The process ends: its newest journal suffers the damage. */
    void crash(final SimJournal.Damage damage) {
        for (final SimJournal disk : openDisks) {
            disk.crash(disk == openDisks.getLast() ? damage : SimJournal.Damage.NONE);
        }
        openDisks.clear();
        past.values().forEach(over -> {
            if (over.straddling() != null) {
                over.straddling().stop();
            }
        });
        past.clear();
    }

    /** A life begins in an epoch: what ended before is still answered. */
    void remember(final Station home) {
        for (final Station station : stations.headMap(home.epoch().number()).values()) {
            final SimEpoch epoch = station.epoch();
            final int selfId = epoch.idOf(peer.number());
            final SimNetwork.Port way = peer.port(epoch);
            final Succession over = Succession.ended(
                    epoch.roster(),
                    selfId,
                    epoch.signer(keys, selfId),
                    epoch.verifier(keys),
                    new EpochPublisher(way, way, selfId, epoch.size()),
                    SimMember.settings(peer.context(epoch.size(), selfId, false, null)),
                    station.openedBy(),
                    stations.higherEntry(epoch.number()).getValue().openedBy());
            past.put(epoch.number(), new Past(over, way::flush, null));
        }
    }

    /** An epoch ended in this life. Who straddles goes on in it. */
    void end(final SimMember member, final boolean isStraddling) {
        if (!isStraddling) {
            member.stop();
        }
        final Runnable flush = isStraddling ? () -> member.endTurn(peer.nowNs()) : member::flush;
        past.put(member.epoch().number(), new Past(member.succession(), flush, isStraddling ? member : null));
    }

    /** Somebody speaks in an epoch; false if it is none that this peer knows as over. */
    boolean answer(final long epoch, final int senderId, final DirectBuffer frame, final int lengthBytes) {
        final Past over = past.get(epoch);
        if (over != null && over.straddling() != null) {
            SimNetwork.unpack(senderId, frame, lengthBytes, over.straddling()::onMessage);
        } else if (over != null) {
            SimNetwork.unpack(
                    senderId,
                    frame,
                    lengthBytes,
                    (sender, buffer, offset, length) ->
                            over.adapter().onMessage(sender, buffer, offset, length, peer.nowNs()));
            over.succession().onLateMessage(senderId, peer.nowNs());
        }
        return over != null;
    }

    void flush() {
        past.values().forEach(over -> over.flush().run());
    }
}
