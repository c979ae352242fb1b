import { useEffect } from "react";
import { useDispatch } from "react-redux";
import { useNavigate } from "react-router";
import type { Me } from "../session/api";
import { noteOffered } from "../setup/offer";
import { later } from "../ui/later";
import { checkSession } from "./Live";
import type { Store } from "./store";

const setUp = later(() => import("../setup/SetUpPage").then(({ SetUpPage }) => SetUpPage));

/** The set-up, with what it has others do. Whoever has come here once is not led here again by itself. */
export function SetUp({ me }: { me: Me }) {
  const navigate = useNavigate();
  const dispatch = useDispatch<Store["dispatch"]>();
  useEffect(() => noteOffered(me.id), [me.id]);
  return <setUp.Part admin={me} onChanged={() => dispatch(checkSession())} onLive={() => navigate("/")} />;
}
