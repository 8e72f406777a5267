package io.quorate.peer.cli;

import io.quorate.peer.compute.AggregateCommand;
import io.quorate.peer.compute.AttentionCommand;
import io.quorate.peer.compute.CosineCommand;
import io.quorate.peer.compute.GraphCommand;
import io.quorate.peer.compute.RopeCommand;
import io.quorate.peer.compute.TopkCommand;
import picocli.CommandLine.Command;

/** The kernels on files; each subcommand is a file of the room {@code compute}. */
@Command(
        name = "compute",
        description = "Run one kernel over NumPy files, without a group.",
        footer = {
            "",
            "Files are .npy as numpy.save writes them: float32 (float64 is rounded to it), one or two dimensions.",
            "Outputs are written whole or not at all. The kernel and the width used stand on standard error.",
            "From Python: docs/compute.md."
        },
        subcommands = {
            AttentionCommand.class,
            AggregateCommand.class,
            GraphCommand.class,
            RopeCommand.class,
            TopkCommand.class,
            CosineCommand.class
        })
final class ComputeCommand extends CommandGroup {}
