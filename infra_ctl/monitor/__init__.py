"""The inventory as monitoring has it: who is measured, by what, and what is to be said when it is bad."""
