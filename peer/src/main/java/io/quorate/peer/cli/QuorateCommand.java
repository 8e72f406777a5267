package io.quorate.peer.cli;

import io.quorate.peer.doctor.DoctorCommand;
import io.quorate.peer.watch.PeersCommand;
import io.quorate.peer.watch.TopCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The root of the command line; each subcommand is a file of this room. */
@Command(
        name = "quorate",
        description =
                "Peers that each hold a vector and an answer agree on one result, signed and in one order, although some of them lie.",
        mixinStandardHelpOptions = true,
        versionProvider = QuorateCommand.Version.class,
        scope = ScopeType.INHERIT,
        usageHelpAutoWidth = true,
        sortOptions = false,
        synopsisSubcommandLabel = "COMMAND",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done",
            "1:failed: nobody there, refused, timed out, a certificate that does not hold",
            "2:wrong input: nothing was done"
        },
        subcommands = {
            DemoCommand.class,
            CoordinateCommand.class,
            ComputeCommand.class,
            KeysCommand.class,
            RosterCommand.class,
            PeerCommand.class,
            ContributeCommand.class,
            StatusCommand.class,
            PeersCommand.class,
            TopCommand.class,
            CertificateCommand.class,
            DoctorCommand.class,
            SimulateCommand.class,
            CompletionCommand.class
        })
public final class QuorateCommand extends CommandGroup {
    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Print the stack trace of an error, too.")
    private boolean debug;

    boolean debug() {
        return debug;
    }

    /** Name, version, JDK and the argument file of the CPU that the launcher picked. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            final String version = QuorateCommand.class.getPackage().getImplementationVersion();
            return new String[] {
                "quorate " + (version == null ? "(not packaged)" : version),
                "JDK " + Runtime.version() + ", native profile " + System.getProperty("quorate.native.profile", "none")
            };
        }
    }
}
