# Completion of vault for powershell.

Register-ArgumentCompleter -Native -CommandName vault -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
        ForEach-Object {
            if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value }
            else { $_.Extent.Text }
        })
    $index = $words.Count
    if ($wordToComplete -ne '' -and $index -gt 0) { $index -= 1 }
    # Only a program of this name, not what an alias or a function of the session makes of it.
    $program = Get-Command -Name vault -CommandType Application, ExternalScript -ErrorAction SilentlyContinue |
        Select-Object -First 1
    if (-not $program) { return }
    & $program __complete -- $index @words 2>$null | Where-Object { $_ -notlike ':*' } | ForEach-Object {
        $word, $says = $_ -split "`t", 2
        $typed = $word
        if ($word -notmatch '^[\w./:=+-][\w./:=@%+-]*$') { $typed = "'" + $word.Replace("'", "''") + "'" }
        if (-not $says) { $says = $word }
        [System.Management.Automation.CompletionResult]::new($typed, $word, 'ParameterValue', $says)
    }
}
