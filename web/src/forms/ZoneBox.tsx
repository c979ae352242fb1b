import Autocomplete from "@mui/material/Autocomplete";
import OutlinedInput from "@mui/material/OutlinedInput";
import { Icon } from "../ui/Icon";
import { written } from "../ui/time";
import { useNow } from "../ui/useNow";
import { useZonesQuery } from "./api";
import css from "./ZoneBox.module.css";
import { browserZones, matching, spoken } from "./zones";

/** Of some 600 zones this many are listed: whoever wants another types a letter more. */
const LISTED = 50;
const THERE = { hour: "2-digit", minute: "2-digit", timeZoneName: "shortOffset" } as const;

interface Props {
  id: string;
  zone: string;
  onZone: (zone: string) => void;
  described: object;
  /** Said when no zone is called what was typed. */
  none: string;
}

/** Finds a zone by any part of its name. */
export function ZoneBox({ id, zone, onZone, described, none }: Props) {
  const { data, isError } = useZonesQuery();
  const now = useNow(10_000);
  const zones = data ?? (isError ? browserZones() : []);
  return (
    <Autocomplete
      id={id}
      className={css.box ?? ""}
      value={zone}
      onChange={(_, chosen) => onZone(chosen ?? "")}
      onKeyDown={(event) => {
        // While the zones are still on their way, Enter would send the form with the zone from before.
        const { value } = event.target as HTMLInputElement;
        if (event.key === "Enter" && value !== spoken(zone)) event.preventDefault();
      }}
      options={zones.includes(zone) || zone === "" ? zones : [zone, ...zones]}
      getOptionLabel={spoken}
      // The box holds the chosen zone until something is typed over it.
      filterOptions={(all, { inputValue }) => matching(all, inputValue === spoken(zone) ? "" : inputValue, LISTED)}
      noOptionsText={none}
      popupIcon={<Icon name="down" />}
      selectOnFocus
      autoHighlight
      disableClearable
      disablePortal
      slotProps={{ paper: { className: css.list ?? "" } }}
      renderInput={({ id: inputId, fullWidth, disabled, slotProps }) => (
        <OutlinedInput
          id={inputId}
          fullWidth={fullWidth}
          disabled={disabled}
          {...slotProps.input}
          inputProps={{ ...slotProps.htmlInput, ...described }}
        />
      )}
      renderOption={({ key, ...props }, option) => (
        <li key={key} {...props}>
          <span className={css.name}>{spoken(option)}</span>
          <span className={css.time}>{written(now, THERE, option)}</span>
        </li>
      )}
    />
  );
}
